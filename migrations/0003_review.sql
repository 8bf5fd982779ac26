-- Up Migration

-- What readers said of an answer. All of it is kept; the last of an answer is what counts.
create table feedback (
  id bigint generated always as identity primary key,
  answer_id text not null references answer on delete cascade,
  rating text not null check (rating in ('up', 'down')),
  comment text,
  correction text,
  created_at timestamptz not null default now()
);
create index feedback_answer on feedback (answer_id, id desc);

-- A question whose answers wait for a reviewer, and afterwards what was decided.
create table review (
  id text primary key,
  question text not null,
  -- The same for all that ask the same, however it is written: a hash, since a long text fits no index.
  question_key text not null,
  state text not null default 'open' check (state in ('open', 'done')),
  -- The place of its most pressing reason.
  priority integer not null check (priority between 0 and 3),
  action text check (action in ('correct', 'golden', 'dismiss')),
  correction text,
  -- Milliseconds are what a cursor holds: finer ones would lose a row between two pages.
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  settled_at timestamptz,
  check ((state = 'done') = (action is not null) and (state = 'done') = (settled_at is not null))
);
-- One at a time for a question: whatever else is answered to it joins.
create unique index review_open on review (question_key) where state = 'open';
create index review_question on review (question_key, state);
create index review_listed on review (state, priority, created_at desc, id desc);

create table review_answer (
  -- In the order in which they came.
  ordinal bigint generated always as identity,
  review_id text not null references review on delete cascade,
  answer_id text not null references answer on delete cascade,
  reason text not null
    check (reason in ('thumb-down', 'dropped-sentence', 'refused', 'asked-for')),
  primary key (review_id, answer_id, reason)
);
create index review_answer_answer on review_answer (answer_id);

-- Golden cases that reviewers made: a run takes them beside those of a set's file.
create table kept_case (
  id text primary key,
  review_id text not null unique references review,
  body jsonb not null,
  created_at timestamptz not null default date_trunc('milliseconds', now())
);
create index kept_case_created on kept_case (created_at, id);

-- Down Migration

drop table kept_case, review_answer, review, feedback;
