-- The rules of rules.d/demo.toml put into SQL by hand, for the made-up store: its paid
-- statuses (5, 1, 2, 12, 3) are written out, its days begin at midnight in its zone.
-- A query follows the name of its rule; {prefix} is that of the store's tables.

-- tag: first order
SELECT customer_id FROM `{prefix}order`
WHERE order_status_id IN (5, 1, 2, 12, 3) AND total >= 0
GROUP BY customer_id
HAVING COUNT(*) = 1 AND MIN(date_added) >= :days_30_ago;

-- tag: regular
SELECT customer_id FROM `{prefix}order`
WHERE order_status_id IN (5, 1, 2, 12, 3) AND total >= 0
GROUP BY customer_id
HAVING COUNT(*) >= 5;

-- tag: vip
SELECT customer_id FROM `{prefix}order`
WHERE order_status_id IN (5, 1, 2, 12, 3) OR (order_status_id > 0 AND total < 0)
GROUP BY customer_id
HAVING SUM(total) >= 2000;

-- tag: on the rise
SELECT customer_id FROM `{prefix}order`
WHERE order_status_id IN (5, 1, 2, 12, 3) OR (order_status_id > 0 AND total < 0)
GROUP BY customer_id
HAVING SUM(total >= 0 AND date_added >= :days_60_ago) >= 2 AND SUM(total) < 2000;

-- tag: lapsing
SELECT customer_id FROM `{prefix}order`
WHERE order_status_id IN (5, 1, 2, 12, 3) AND total >= 0
GROUP BY customer_id
HAVING COUNT(*) >= 3 AND MAX(date_added) < :days_180_ago;

-- tag: win back
SELECT c.customer_id FROM `{prefix}customer` c
JOIN `{prefix}order` o ON o.customer_id = c.customer_id
WHERE c.newsletter = 1
AND (o.order_status_id IN (5, 1, 2, 12, 3) OR (o.order_status_id > 0 AND o.total < 0))
GROUP BY c.customer_id
HAVING SUM(o.total >= 0) >= 3 AND SUM(o.total) >= 500
AND MAX(CASE WHEN o.total >= 0 THEN o.date_added END) < :days_180_ago;

-- tag: business
SELECT DISTINCT c.customer_id FROM `{prefix}customer` c
JOIN `{prefix}order` o ON o.customer_id = c.customer_id
WHERE o.order_status_id IN (5, 1, 2, 12, 3) AND o.total >= 0
AND SUBSTRING_INDEX(c.email, '@', -1) NOT IN ('mail.example', 'post.example', 'inbox.test');

-- tag: open checkout
SELECT DISTINCT customer_id FROM `{prefix}order`
WHERE order_status_id = 0 AND date_added >= :days_1_ago;

-- tag: often returns
SELECT customer_id FROM `{prefix}return`
WHERE date_added >= :year_ago
GROUP BY customer_id
HAVING COUNT(*) >= 2;

-- tag: ask for review
SELECT o.customer_id FROM `{prefix}order` o
WHERE o.order_status_id IN (5, 1, 2, 12, 3) AND o.total >= 0
AND o.customer_id NOT IN (SELECT v.customer_id FROM `{prefix}review` v)
GROUP BY o.customer_id
HAVING MAX(o.date_added) >= :days_14_ago;

-- segment: new buyers
SELECT customer_id FROM `{prefix}order`
WHERE order_status_id IN (5, 1, 2, 12, 3) AND total >= 0
GROUP BY customer_id
HAVING MIN(date_added) >= :days_30_ago;

-- segment: sleeping regulars
SELECT customer_id FROM `{prefix}order`
WHERE order_status_id IN (5, 1, 2, 12, 3) OR (order_status_id > 0 AND total < 0)
GROUP BY customer_id
HAVING SUM(total >= 0) >= 3 AND SUM(total) >= 500
AND MAX(CASE WHEN total >= 0 THEN date_added END) < :days_90_ago;

-- segment: best readers
SELECT c.customer_id FROM `{prefix}customer` c
JOIN `{prefix}order` o ON o.customer_id = c.customer_id
WHERE c.newsletter = 1
AND (o.order_status_id IN (5, 1, 2, 12, 3) OR (o.order_status_id > 0 AND o.total < 0))
GROUP BY c.customer_id
HAVING SUM(o.total) >= 2000;

-- Wholesale (2) and Staff (3) are groups that people chose: the ladder leaves them alone.

-- group: Gold
SELECT c.customer_id FROM `{prefix}customer` c
JOIN `{prefix}order` o ON o.customer_id = c.customer_id
WHERE c.customer_group_id NOT IN (2, 3)
AND (o.order_status_id IN (5, 1, 2, 12, 3) OR (o.order_status_id > 0 AND o.total < 0))
GROUP BY c.customer_id
HAVING SUM(o.total) >= 2000;

-- group: Silver
SELECT c.customer_id FROM `{prefix}customer` c
JOIN `{prefix}order` o ON o.customer_id = c.customer_id
WHERE c.customer_group_id NOT IN (2, 3)
AND (o.order_status_id IN (5, 1, 2, 12, 3) OR (o.order_status_id > 0 AND o.total < 0))
GROUP BY c.customer_id
HAVING SUM(o.total >= 0 AND o.order_status_id IN (5, 1, 2, 12, 3)) >= 5 AND SUM(o.total) < 2000;
