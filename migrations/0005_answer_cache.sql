-- Up Migration

-- Of all that the answer depends on: what has the same one is answered the same, and is not answered anew.
-- Null where it is given to nobody else.
alter table answer add column fingerprint text;
create index answer_fingerprint on answer (fingerprint, created_at desc) where fingerprint is not null;

-- What is deleted when it is old, and takes its rows in other tables along.
create index answer_created on answer (created_at);
create index answer_article_answer on answer_article (answer_id);

-- Down Migration

drop index answer_article_answer;
drop index answer_created;
alter table answer drop column fingerprint;
