-- The login, the user and the database of the tests. Run by sqlcmd as sa; start sets the variable.
-- Can be run again after it was cut short.
IF DB_ID(N'test') IS NULL
    CREATE DATABASE [test];
GO
IF SUSER_ID(N'lock') IS NULL
    CREATE LOGIN [lock] WITH PASSWORD = N'$(DLOCK_PASSWORD)', DEFAULT_DATABASE = [test], CHECK_POLICY = OFF;
GO
USE [test];
GO
IF DATABASE_PRINCIPAL_ID(N'lock') IS NULL
    CREATE USER [lock] FOR LOGIN [lock];
GO
-- The tests make and drop tables. The locks themselves need nothing but public.
ALTER ROLE [db_owner] ADD MEMBER [lock];
GO
