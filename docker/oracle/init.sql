-- Run once by the image's entrypoint, as SYS in the root container, after it has made the user dlock in FREEPDB1.
WHENEVER SQLERROR EXIT FAILURE
ALTER SESSION SET CONTAINER = FREEPDB1;
GRANT EXECUTE ON SYS.DBMS_LOCK TO dlock;
-- For whoever looks at holders and waiters; dlock itself is an ordinary user.
GRANT SELECT ON SYS.V_$LOCK TO system;
GRANT SELECT ON SYS.V_$SESSION TO system;
