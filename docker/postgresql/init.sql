-- The user and the database of the tests. Run once by the image's entrypoint, as the superuser admin, with psql.
\set ON_ERROR_STOP on
\getenv password DLOCK_PASSWORD
CREATE ROLE "lock" LOGIN PASSWORD :'password';
CREATE DATABASE test OWNER "lock";
