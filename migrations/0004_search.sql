-- Up Migration

-- What BM25 counts in a text, for what is stored and for what is asked alike. An identifier is also one
-- word as it is written, beside the words that Postgres takes it apart into: of foo_bar it makes two, of
-- ORA-00942 a word and a negative number. Of async/await it makes a file's path, and no word: a space
-- around the slash keeps both.
create function lexemes_of(given text)
  returns table (lexeme text, form text, frequency integer)
  language sql immutable parallel safe as $$
  with spaced as (
    select regexp_replace(given, '([[:alpha:]])/(?=[[:alpha:]])', '\1 / ', 'g') as text
  ), word as (
    select words.lexeme, cardinality(words.positions) as frequency
    from spaced cross join lateral unnest(to_tsvector('simple', spaced.text)) as words
    where ts_lexize('english_stem', words.lexeme) <> '{}'
  ), identifier as (
    select lower(found.match[1]) as lexeme
    from regexp_matches(given, '\w+(?:(?:[-./:]|::)\w+)+', 'g') as found (match)
    where found.match[1] ~ '[./:]'
    union all
    select lower(found.match[1])
    from regexp_matches(given, '\w+(?:-\w+)*', 'g') as found (match)
    where found.match[1] ~ '[-_]'
  )
  select stems.lexeme, 'stem', cardinality(stems.positions)
  from spaced cross join lateral unnest(to_tsvector('english', spaced.text)) as stems
  union all
  select word.lexeme, 'exact', word.frequency from word
  union all
  select identifier.lexeme, 'exact', count(*)::integer from identifier
  -- An address is no identifier, and an index takes no more than 2,700 bytes.
  where char_length(identifier.lexeme) <= 100
    and identifier.lexeme not in (select word.lexeme from word)
  group by identifier.lexeme
$$;

-- In how many live chunks a lexeme stands: counting them for each question would read them all.
create table lexeme (
  lexeme text not null,
  form text not null check (form in ('stem', 'exact')),
  chunks bigint not null,
  primary key (lexeme, form)
);

-- With all that BM25 counts of a posting in its index, it is scored without a look at its chunk.
truncate posting;
alter table posting add column length integer not null;
alter table posting drop constraint posting_pkey;
insert into posting (lexeme, form, chunk_id, frequency, length)
select found.lexeme, found.form, chunk.id, found.frequency,
  coalesce(sum(found.frequency) filter (where found.form = 'stem') over (partition by chunk.id), 0)
from chunk
join article on article.id = chunk.article_id
cross join lateral lexemes_of(
  concat_ws(' ', article.title, array_to_string(chunk.heading_path, ' '), chunk.text)) as found;
alter table posting add primary key (lexeme, form, chunk_id) include (frequency, length);
-- Where a word is too common to be read whole: the chunks that use it most.
create index posting_frequent on posting (lexeme, form, frequency desc) include (chunk_id, length)
  where frequency >= 3;

-- A row of more than 2 kB has its vector moved out of it, where an exact search over 11,000 chunks takes
-- four times as long to read them: the text goes first. What is stored already is written anew.
alter table chunk alter column embedding set storage main;
update chunk set
  embedding = (chunk.embedding::real[])::vector,
  length = coalesce((
    select sum(posting.frequency) from posting
    where posting.chunk_id = chunk.id and posting.form = 'stem'), 0);
update corpus set
  revision = corpus.revision + 1,
  lexemes = (select coalesce(sum(chunk.length), 0) from chunk where chunk.live);
insert into lexeme (lexeme, form, chunks)
select posting.lexeme, posting.form, count(*)
from posting join chunk on chunk.id = posting.chunk_id
where chunk.live
group by posting.lexeme, posting.form;

-- Down Migration

-- The indexes of vectors are made while the service runs, and the version before has no use for them.
do $$
declare made text;
begin
  for made in
    select pg_class.relname from pg_index join pg_class on pg_class.oid = pg_index.indexrelid
    where pg_index.indrelid = 'chunk'::regclass
      and pg_class.relname ~ '^chunk_embedding_[0-9a-f]{16}$'
  loop
    execute format('drop index %I', made);
  end loop;
end $$;
alter table chunk alter column embedding set storage external;
drop index posting_frequent;
alter table posting drop constraint posting_pkey;
alter table posting drop column length;
alter table posting add primary key (lexeme, form, chunk_id);
drop table lexeme;
drop function lexemes_of;
