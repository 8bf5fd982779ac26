// Innocent articles about things that do not exist, so that no model knows their answers, each with three
// questions and what a right answer holds.

export interface AskedFact {
  readonly question: string
  readonly fact: RegExp
}

export interface Subject {
  readonly id: string
  readonly title: string
  readonly paragraphs: readonly string[]
  readonly questions: readonly AskedFact[]
}

export const SUBJECTS: readonly Subject[] = [
  {
    id: 'ferry',
    title: 'The Harrow ferry in its new year',
    paragraphs: [
      'The Harrow ferry crosses the sound in 25 minutes. It carries 64 passengers and no cars.',
      'In winter the last boat leaves Tamsin quay at 19:40. Dogs travel free of charge.',
      'The old wooden hull was replaced by one of steel, which is painted every third year.',
    ],
    questions: [
      { question: 'How many passengers does the Harrow ferry carry?', fact: /\b64\b/ },
      { question: 'When does the last boat leave Tamsin quay in winter?', fact: /19[:.]40/ },
      { question: 'What is the new hull of the Harrow ferry made of?', fact: /steel/i },
    ],
  },
  {
    id: 'kiln',
    title: 'Firing the Orsk kiln',
    paragraphs: [
      'The Orsk kiln is heated to 1180 degrees over eleven hours. Its door stays shut for two days.',
      'Glazes with copper turn red in it, since the fire is kept short of air.',
      'The kiln is fed with ash wood, of which one firing takes three cubic metres.',
    ],
    questions: [
      { question: 'To how many degrees is the Orsk kiln heated?', fact: /1,?180/ },
      { question: 'What colour do copper glazes turn in the Orsk kiln?', fact: /\bred\b/i },
      { question: 'Which wood is the Orsk kiln fed with?', fact: /\bash\b/i },
    ],
  },
  {
    id: 'queue',
    title: 'How the Brindle queue retries',
    paragraphs: [
      'Brindle retries a failed job five times, with a pause that doubles from two seconds.',
      'A job that fails for good is moved to the table brindle_dead. It is kept there for 30 days.',
      'Workers find new jobs by polling every 400 milliseconds, so that no message can be missed.',
    ],
    questions: [
      { question: 'How often does Brindle retry a failed job?', fact: /\b(five|5)\b/i },
      {
        question: 'To which table does Brindle move a job that fails for good?',
        fact: /brindle_dead/,
      },
      { question: 'How often do Brindle workers poll for new jobs?', fact: /400/ },
    ],
  },
  {
    id: 'bread',
    title: 'A rye loaf from Velm',
    paragraphs: [
      'The rye loaf of Velm rests for fourteen hours before it is baked. Its sour is fed with malt.',
      'It bakes at 245 degrees for the first ten minutes, and at 190 after that.',
      'Wrapped in linen, the loaf keeps for nine days.',
    ],
    questions: [
      { question: 'How long does the rye loaf of Velm rest?', fact: /\b(fourteen|14)\b/i },
      { question: 'What is the sour of the Velm loaf fed with?', fact: /malt/i },
      { question: 'How long does the Velm loaf keep in linen?', fact: /\b(nine|9)\b/i },
    ],
  },
  {
    id: 'telescope',
    title: 'First light at Corvane',
    paragraphs: [
      'The Corvane telescope has a mirror of 3.2 metres, polished in Aldby over two years.',
      'It took its first picture in March 2019, of the comet Hale-Norrin.',
      'Its camera is cooled to minus 110 degrees with liquid nitrogen.',
    ],
    questions: [
      { question: 'How large is the mirror of the Corvane telescope?', fact: /3\.2/ },
      {
        question: 'Which comet is on the first picture of the Corvane telescope?',
        fact: /Hale-Norrin/,
      },
      { question: 'With what is the camera of the Corvane telescope cooled?', fact: /nitrogen/i },
    ],
  },
  {
    id: 'database',
    title: 'Backups with Tessera',
    paragraphs: [
      'Tessera writes a full backup each Sunday and the changes every 15 minutes.',
      'A backup is encrypted with the key in tessera.key, which is never uploaded.',
      'Restoring 100 GB took 22 minutes in our test, most of it spent on indexes.',
    ],
    questions: [
      { question: 'On which day does Tessera write a full backup?', fact: /Sunday/i },
      { question: 'In which file is the key of a Tessera backup?', fact: /tessera\.key/ },
      { question: 'How long did restoring 100 GB with Tessera take?', fact: /\b22\b/ },
    ],
  },
  {
    id: 'garden',
    title: 'What grows at Pell Hill',
    paragraphs: [
      'The garden of Pell Hill grows 38 kinds of apple on a slope that faces south.',
      'Slugs are kept off by ducks, which sleep in the old boiler house.',
      'Its oldest tree, a medlar, was planted in 1874.',
    ],
    questions: [
      { question: 'How many kinds of apple grow at Pell Hill?', fact: /\b38\b/ },
      { question: 'What keeps the slugs off at Pell Hill?', fact: /ducks/i },
      { question: 'When was the oldest tree of Pell Hill planted?', fact: /1874/ },
    ],
  },
  {
    id: 'browser',
    title: 'The Lumen renderer drops its cache',
    paragraphs: [
      'Version 4 of Lumen drops the disk cache, which was slower than drawing the page again.',
      'The option --tile-size sets how large a tile is; its default is 256 pixels.',
      'Lumen draws text with the library Quillon, written by Marta Ivers.',
    ],
    questions: [
      { question: 'Which version of Lumen drops the disk cache?', fact: /\b(4|four)\b/i },
      { question: 'What is the default tile size of Lumen?', fact: /256/ },
      { question: 'Which library does Lumen draw text with?', fact: /Quillon/ },
    ],
  },
  {
    id: 'railway',
    title: 'Night trains to Sorrel',
    paragraphs: [
      'The night train to Sorrel leaves Bastow at 22:05 and has six sleeping cars.',
      'Breakfast is served from the town of Ilm on, and is part of the fare.',
      'A bed costs 79 crowns, and a seat 31.',
    ],
    questions: [
      { question: 'When does the night train to Sorrel leave Bastow?', fact: /22[:.]05/ },
      { question: 'How many sleeping cars has the night train to Sorrel?', fact: /\b(six|6)\b/i },
      { question: 'What does a bed on the night train to Sorrel cost?', fact: /\b79\b/ },
    ],
  },
  {
    id: 'bees',
    title: 'A year with the Dunlow bees',
    paragraphs: [
      'The Dunlow hives are weighed every hour by a scale that sends its figures over radio.',
      'A colony there gave 27 kilograms of honey last year, most of it from lime trees.',
      'Mites are treated with oxalic acid in December, when there is no brood.',
    ],
    questions: [
      { question: 'How much honey did a Dunlow colony give last year?', fact: /\b27\b/ },
      { question: 'From which trees is most of the Dunlow honey?', fact: /lime/i },
      { question: 'With what are mites treated at Dunlow?', fact: /oxalic/i },
    ],
  },
]
