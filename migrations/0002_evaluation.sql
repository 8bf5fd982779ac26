-- Up Migration

-- One evaluation of a golden set.
create table evaluation (
  id text primary key,
  set_name text not null,
  origin text not null check (origin in ('asked', 'nightly')),
  state text not null default 'waiting'
    check (state in ('waiting', 'running', 'done', 'stopped', 'failed')),
  -- As it was asked for.
  request jsonb not null,
  -- The cases as they were and what was known of their articles, so that the run can be read when the
  -- set and the library have moved on.
  plan jsonb not null,
  -- What the answers depended on, by name: models, prompt, corpus, set, configuration, code.
  fingerprints jsonb not null,
  corpus_revision bigint not null,
  total integer not null,
  -- A run goes through many jobs; one that does not carry this number is of an earlier turn.
  slice integer not null default 0,
  -- Verdict, metrics, flips and what was held out, once it is done.
  report jsonb,
  error text,
  error_code text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz
);
-- The library stands still for one run at a time.
create unique index evaluation_running on evaluation ((true)) where state = 'running';
create index evaluation_created on evaluation (created_at desc, id desc);

-- One finished case: a run that was killed goes on behind its last row.
create table evaluation_row (
  evaluation_id text not null references evaluation on delete cascade,
  arm text not null,
  case_id text not null,
  repetition integer not null default 1,
  answer_id text references answer on delete set null,
  -- What the answer is worth, and what each of its stages gave.
  result jsonb,
  error text,
  ended_at timestamptz not null default now(),
  primary key (evaluation_id, arm, case_id, repetition),
  check (num_nonnulls(result, error) = 1)
);
create index evaluation_row_answer on evaluation_row (answer_id);

-- Down Migration

drop table evaluation_row, evaluation;
