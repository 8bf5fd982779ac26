/** Words of one side deny what those of the other say of the same thing. */
const SIDES = [
  'enable enables enabled / disable disables disabled',
  `increase increases increased increasing rise rises grow grows gain gains higher more / decrease
   decreases decreased decreasing reduce reduces reduced shrink shrinks lower fewer less fall falls
   lose loses`,
  'always / never',
  'before previous previously prior earlier / after afterwards later following next',
  'most maximum / least minimum',
  'fast faster fastest quick quickly quicker / slow slower slowest slowly slows',
  'large larger largest big bigger biggest / small smaller smallest little tiny',
  'high higher highest / low lower lowest',
  'long longer longest / short shorter shortest',
  `accept accepts accepted allow allows allowed permit permits permitted / refuse refuses refused deny
   denies denied reject rejects rejected forbid forbids forbidden prohibit prohibited block blocks
   blocked prevent prevents`,
  'safe safely / dangerous',
  'first / last',
  'everything all / nothing none',
  'both / neither',
  'better best / worse worst',
  'easy easier easily / hard harder difficult',
  'simple simpler / complex',
  'public / private',
  'open opened / closed close',
  'success succeed succeeds successful / failure fail fails failed',
  'add adds added / remove removes removed delete deletes deleted',
  'online / offline',
  'required mandatory / optional',
  'internal inside within / external outside',
  'cheap cheaper cheapest / expensive dear dearer',
  'strong stronger / weak weaker',
  'early / late',
  'above / below',
  'up / down',
  'include includes included / exclude excludes excluded',
  'start starts begin begins / end ends stop stops',
  'new newer newest / old older oldest',
  'same / different',
  'true / false',
  'with / without',
  'often usually / rarely seldom',
].map((pair) => pair.split('/').map((side) => side.trim().split(/\s+/)))

/** The pairs that a word is in, and on which side; "more" is in more than one. */
const PLACES = new Map<string, { readonly pair: number; readonly side: number }[]>()
SIDES.forEach((sides, pair) => {
  sides.forEach((words, side) => {
    for (const word of words) PLACES.set(word, [...(PLACES.get(word) ?? []), { pair, side }])
  })
})

const DENYING_PREFIXES = ['un', 'in', 'im', 'non', 'dis', 'a']

export function areOpposite(one: string, other: string): boolean {
  return meet(one, other, (a, b) => a !== b) || isDenied(one, other) || isDenied(other, one)
}

export function areAlike(one: string, other: string): boolean {
  return one === other || meet(one, other, (a, b) => a === b)
}

function meet(
  one: string,
  other: string,
  isMet: (side: number, otherSide: number) => boolean,
): boolean {
  const there = PLACES.get(other) ?? []
  return (PLACES.get(one) ?? []).some(({ pair, side }) =>
    there.some((each) => each.pair === pair && isMet(side, each.side)),
  )
}

/** "safe" and "unsafe" */
function isDenied(word: string, denied: string): boolean {
  return word.length > 3 && DENYING_PREFIXES.some((prefix) => prefix + word === denied)
}
