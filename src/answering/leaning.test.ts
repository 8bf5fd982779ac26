import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isLeaning } from './leaning.ts'

const LEANING = [
  'why?',
  'how so?',
  'Why not?',
  'what about Windows?',
  'How about with Redis?',
  'and for large tables?',
  'which is faster?',
  'Which one is faster?',
  'Is it safe?',
  'is it safe to upgrade?',
  'so are they gone after a restart?',
  `what's the difference?`,
  'tell me more',
  'can you give me an example?',
  'Does the planner still use it?',
  'What does the author say about it?',
  'when should a solo dev avoid them?',
  'What happens if it fails?',
  'What breaks if we drop it?',
  'How long does it take?',
  'How much does that cost?',
  'the second one?',
  'what is the second one for?',
  'Who wrote this?',
  'Does this work on Windows?',
  'what are its downsides?',
  'what are the steps?',
  'with Docker?',
  'if the server is down?',
  'Are those safe in production?',
  'is the other one better?',
  'What did he say?',
  'What else?',
  'anything else I should know?',
  'How do I turn it off?',
  'How can I check whether it worked?',
  'How do they compare?',
  'And Redis?',
  'or is 8000 bytes the limit?',
  'Is there a limit?',
  'How many?',
  'since when?',
  'who said so?',
  'can i see it somewhere',
  'and then?',
  'what does Postgres do with them?',
  'Would a small team need that?',
  'in which version?',
  'Is the latter slower?',
  'how do I undo that?',
  `What's in there?`,
  'which two people there set it?',
  'are such tables replicated?',
  'ok and on a server?',
  'what else should I watch out for',
  'Does the same hold for indexes?',
  'what does the worker do then?',
  'so how large is it',
  'what if the worker dies?',
  'which other queue is suggested?',
  'what was the result?',
]

const STANDING = [
  'What is autovacuum?',
  'What is NOTIFY?',
  'Who is Valsorda?',
  'Why is it bad to store secrets in environment variables?',
  'Is it possible to run Footnote on Windows?',
  'How long does it take to fail over a Postgres cluster?',
  'When a feed cannot be fetched, how often is it tried again?',
  'What does RQ use as its storage backend?',
  'does a job keep its id when it is retried?',
  'How do I make sure that nobody reads my secrets?',
  'Which setting says that feeds are read every hour?',
  'If the disk is full, what happens to the answers that were kept?',
  'What happens to unlogged tables when the server crashes and restarts?',
  'how many feeds are there in the library?',
  'how many feeds are there?',
  'What is the difference between NOTIFY and pg_notify()?',
  'Which of the two chat models is the default one?',
  'Does Footnote read Atom feeds too?',
  'What is new this week?',
  'I have an index on created_at. Does it help for range queries?',
  'My feed fails. Why is it not read again?',
  'what is the thing called that lets you lay out the whole app in one folder',
  'How do I make queries faster?',
  'Is Redis or RabbitMQ faster?',
  'fillfactor',
  'default port',
  'ML-KEM key sizes',
  'AND operator in tsquery',
  'Is there a limit to NOTIFY payloads?',
  'What does it cost to run a vector database?',
  'gh-ost who made it',
  'When it comes to indexes, what slows writes down?',
  'How does a worker know that it has a job?',
  'What do users see while they wait for an answer?',
  'does postgres lock a table when I add an index to it?',
  'How do I stop people from dragging a textarea bigger?',
  'How do I delete a feed and its articles?',
  'What did Heather Adkins say about her deadline?',
  'Can I keep answers in the database if I restart it every night?',
  'Which exit code means that another process holds the data folder?',
  `how is an answer's text tied to its sentences?`,
  'Thanks!',
  'Wie groß darf eine Nachricht sein?',
  'What is it that makes writes slow?',
  'What is it called when two jobs take the same row?',
  'Is it worth indexing a boolean column?',
  'What does "leave it to them" mean in the developer tools article?',
  'Is it OK if a feed has no dates?',
  'a dozen filtered indexes slow our log table - what should we do about them?',
  'Rubbish values keep landing in the state field. Who else should look at them?',
  'Which queue should I take instead of RabbitMQ?',
  'What are the latest articles about Postgres?',
  'What was published last week?',
  'Explain LISTEN',
  'What should a solo developer do first to protect secrets?',
  'what percentage of teams say they deploy daily',
  'How do solo founders use Next.js when they work alone?',
  'How long can an answer take altogether before Footnote cuts it off?',
]

it.each(LEANING)('leans on what was said before: %s', (question) => {
  expect(isLeaning(question)).toBe(true)
})

it.each(STANDING)('stands alone: %s', (question) => {
  expect(isLeaning(question)).toBe(false)
})

it('takes a question of more than 300 characters for one that says what it is about', () => {
  expect(isLeaning(`why is it slow${' and slow'.repeat(40)}?`)).toBe(false)
})

it('has nothing to say of a question without words', () => {
  expect(isLeaning('?!')).toBe(false)
})

interface GoldenLine {
  readonly question: string
  readonly kind: string
}

function questionsOf(set: string): readonly GoldenLine[] {
  const file = new URL(`../../golden-set/${set}/cases.jsonl`, import.meta.url)
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as GoldenLine)
}

// By numbers: single cases of the test half are not looked at.
it.each(['glad-labs', 'handbook'])('rewrites no question of %s that stands alone', (set) => {
  const standing = questionsOf(set).filter(({ kind }) => kind !== 'followup')
  expect(standing.filter(({ question }) => isLeaning(question))).toHaveLength(0)
})

it('knows nearly all follow-ups of the golden sets by their form', () => {
  const followUps = ['glad-labs', 'handbook']
    .flatMap(questionsOf)
    .filter(({ kind }) => kind === 'followup')
  // 23 of 26.
  const known = followUps.filter(({ question }) => isLeaning(question))
  expect(known.length / followUps.length).toBeGreaterThan(0.85)
})
