-- name: insert_created_resource
-- In the order in which they were told; one told again stays where it was.
INSERT INTO created_resource (number, name, position)
SELECT t.number, $2, (SELECT count(*) FROM created_resource c WHERE c.number = t.number) FROM task t WHERE t.id = $1
ON CONFLICT DO NOTHING

-- name: delete_created_resources
DELETE FROM created_resource WHERE number = $1

-- name: particulars
-- Children, named reports, and what was told to have been created: one round trip for a page of tasks.
SELECT 'child' AS kind, parent_id, number, id, NULL AS name, NULL AS done, NULL AS total, NULL AS unit, NULL AS message,
    NULL AS state
FROM (
    SELECT parent_id, number, id FROM task WHERE parent_id IN ($1[]) AND kind <> 'step' ORDER BY parent_id, number LIMIT $2
) AS child
UNION ALL
SELECT 'report', task_id, position, NULL, code, done, total, unit, message, state FROM report WHERE task_id IN ($1[])
UNION ALL
SELECT 'created', t.id, c.position, NULL, c.name, NULL, NULL, NULL, NULL, NULL
FROM task t JOIN created_resource c ON c.number = t.number WHERE t.id IN ($1[])
ORDER BY 2, 3

-- name: label_values
-- Steps from one value to the next by the index, however many tasks have each.
WITH RECURSIVE walk(value) AS (
    SELECT (SELECT min(value) FROM label WHERE name = $1)
    UNION ALL
    SELECT (SELECT min(l.value) FROM label l WHERE l.name = $1 AND l.value > walk.value) FROM walk
    WHERE walk.value IS NOT NULL
)
SELECT value FROM walk WHERE value IS NOT NULL AND (CAST($2 AS text) = '' OR EXISTS (
    SELECT 1 FROM label l JOIN task t ON t.number = l.number
    WHERE l.name = $1 AND l.value = walk.value AND t.client = CAST($2 AS text)
)) LIMIT $3 OFFSET $4
