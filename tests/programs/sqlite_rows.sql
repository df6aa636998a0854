-- Imports rows.csv into the database that is open, asks it and changes it.
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA threads = 2;
PRAGMA cache_size = -30000;
CREATE TABLE rows(id INTEGER, name TEXT, team TEXT, amount REAL);
.mode csv
.import rows.csv rows
.mode list
SELECT count(*), min(name), max(name), sum(amount) FROM rows;
CREATE INDEX by_name ON rows(name);
CREATE INDEX by_team ON rows(team, amount);
SELECT team, count(*), round(avg(amount), 3) FROM rows GROUP BY team ORDER BY 3 DESC LIMIT 10;
SELECT id, name FROM rows WHERE name BETWEEN 'name0000100000' AND 'name0000140000' ORDER BY name;
SELECT count(*) FROM rows AS a JOIN rows AS b ON b.id = a.id + 1 AND a.id <= 100000 WHERE a.team < b.team;
SELECT substr(name, -3) AS tail, group_concat(id % 10, '') AS list FROM rows WHERE id % 5000 = 0 GROUP BY tail ORDER BY tail LIMIT 20;
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < 50000)
  SELECT sum(length(printf('%0*d', n % 400, n))) FROM series;
SELECT id, row_number() OVER (PARTITION BY team ORDER BY amount, id) FROM rows WHERE team = 'group7' LIMIT 5;
SELECT sum(json_array_length(list)) FROM (SELECT json_group_array(name) AS list FROM rows WHERE id <= 200000 GROUP BY team);
UPDATE rows SET name = name || '-' || id WHERE id % 10 = 3;
DELETE FROM rows WHERE id % 7 = 0;
SELECT count(*), sum(length(name)) FROM rows;
DROP INDEX by_name;
VACUUM;
PRAGMA integrity_check;
