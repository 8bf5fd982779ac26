-- Run once, by the superuser, when the database is made: who owns the schema, and who serves from it.
-- The passwords come from the environment, and are not letters of this file.
\getenv owner_password DB_OWNER_PASSWORD
\getenv service_password DB_SERVICE_PASSWORD

-- Migrations, the queues' schema and vector indexes are made by this role, at start.
create role footnote_owner login password :'owner_password';
-- It reads and writes rows; the owner grants it each table (src/db/grant-service.ts).
create role footnote_service login password :'service_password';

-- Only a superuser may make it; the migration finds it there.
create extension vector;

revoke all on database :"DBNAME" from public;
alter database :"DBNAME" owner to footnote_owner;
grant connect on database :"DBNAME" to footnote_service;
