-- Up Migration

create extension if not exists vector;

create table feed (
  id text primary key,
  url text not null unique,
  title text not null default '',
  status text not null default 'ok' check (status in ('ok', 'failing', 'paused', 'ended')),
  problem text,
  refresh_minutes integer not null check (refresh_minutes between 1 and 10080),
  etag text,
  last_modified text,
  body_hash text,
  failures integer not null default 0,
  last_fetched_at timestamptz,
  next_fetch_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create index feed_due on feed (next_fetch_at) where status in ('ok', 'failing');

-- An article stands here from the moment its first revision is whole, never before.
create table article (
  id text primary key,
  feed_id text not null references feed on delete cascade,
  identity text not null,
  guid text,
  url text,
  canonical_url text,
  title text not null,
  author text,
  published_at timestamptz,
  updated_at timestamptz,
  categories text[] not null default '{}',
  status text not null default 'live' check (status in ('live', 'withdrawn')),
  revision integer not null,
  -- Of the item as it came: the same hash again writes nothing and embeds nothing.
  content_hash text not null,
  unique (feed_id, identity)
);
create index article_canonical_url on article (feed_id, canonical_url) where canonical_url is not null;
create index article_live_published on article ((coalesce(published_at, '-infinity')) desc, id desc)
  where status = 'live';

-- Every revision is kept: the citations of old answers point into its text.
create table revision (
  article_id text not null references article on delete cascade,
  revision integer not null,
  title text not null,
  url text,
  published_at timestamptz,
  fetched_at timestamptz not null default now(),
  text text not null,
  primary key (article_id, revision)
);

-- Chunks stand for the current revision alone; those of a withdrawn article stay, not live.
create table chunk (
  id bigint generated always as identity primary key,
  article_id text not null references article on delete cascade,
  revision integer not null,
  ordinal integer not null,
  heading_path text[] not null,
  start_offset integer not null,
  end_offset integer not null,
  text text not null,
  -- How many lexemes BM25 counts in it.
  length integer not null default 0,
  live boolean not null default true,
  embedding_model text not null,
  -- No dimension here: another model needs no migration, and two models never meet in one index.
  embedding vector not null,
  unique (article_id, revision, ordinal)
);
create index chunk_live_model on chunk (embedding_model) where live;

create table sentence (
  id bigint generated always as identity primary key,
  chunk_id bigint not null references chunk on delete cascade,
  ordinal integer not null,
  -- Into the revision's text, like the chunk's.
  start_offset integer not null,
  end_offset integer not null,
  embedding_model text not null,
  embedding vector not null,
  unique (chunk_id, ordinal)
);

-- What BM25 reads: the stem, and beside it the word as it was written.
create table posting (
  lexeme text not null,
  form text not null check (form in ('stem', 'exact')),
  chunk_id bigint not null references chunk on delete cascade,
  frequency integer not null,
  primary key (lexeme, form, chunk_id)
);
create index posting_chunk on posting (chunk_id);

-- One row: what BM25 needs of the whole, and a number that grows with every change of the library.
create table corpus (
  singleton boolean primary key default true check (singleton),
  revision bigint not null default 0,
  chunks bigint not null default 0,
  lexemes bigint not null default 0
);
insert into corpus default values;

create table refresh (
  id uuid primary key,
  feed_id text not null references feed on delete cascade,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
  total integer not null default 0,
  done integer not null default 0,
  error text,
  error_code text check (error_code in ('feed-unavailable', 'feed-invalid', 'storage-full')),
  created_at timestamptz not null default now(),
  ended_at timestamptz
);
-- One waits and one runs at the most; a second request finds the waiting one.
create unique index refresh_waiting on refresh (feed_id) where state = 'waiting';
create unique index refresh_running on refresh (feed_id) where state = 'running';
create index refresh_feed on refresh (feed_id, created_at);

-- An article of a refresh: it is ticked off in the transaction that publishes it.
create table refresh_article (
  refresh_id uuid not null references refresh on delete cascade,
  identity text not null,
  state text not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
  error text,
  primary key (refresh_id, identity)
);

create table answer (
  id text primary key,
  created_at timestamptz not null default now(),
  status text not null check (status in ('answered', 'refused', 'extracted')),
  reason text check (reason in ('no-evidence', 'not-answered', 'unsupported', 'model-unavailable')),
  question text not null,
  prompt_hash text,
  corpus_revision bigint not null,
  body jsonb not null,
  trace jsonb not null
);

-- Which articles an answer quotes, so that a deleted feed takes its quotes along.
create table answer_article (
  answer_id text not null references answer on delete cascade,
  article_id text not null,
  primary key (article_id, answer_id)
);

-- Down Migration

drop table answer_article, answer, refresh_article, refresh, corpus, posting, sentence, chunk,
  revision, article, feed;
