-- What the pages in the admin need: lists in any order without sorting a million customers,
-- the customers that an expression chose, and which findings the admin's bell has told.
-- Everything is added: the previous program works on these tables as it did.
-- compatible: 1

-- The words stand after customer_id: before it, every page would be sorted anew. The other facts
-- stand there because lists are narrowed down by them.
ALTER TABLE `{prefix}sidecar_customer`
  ADD KEY `list_spent` (`total_spent`, `customer_id`, `tags0`, `tags1`, `segments0`, `orders`, `last_order_at`, `registered_at`),
  ADD KEY `list_orders` (`orders`, `customer_id`, `tags0`, `tags1`, `segments0`, `total_spent`, `last_order_at`, `registered_at`),
  ADD KEY `list_last` (`last_order_at`, `customer_id`, `tags0`, `tags1`, `segments0`, `total_spent`, `orders`, `registered_at`),
  ADD KEY `list_registered` (`registered_at`, `customer_id`, `tags0`, `tags1`, `segments0`, `total_spent`, `orders`, `last_order_at`);

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_selection` (
  `selection_id` BIGINT UNSIGNED NOT NULL COMMENT 'the command that made it',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  PRIMARY KEY (`selection_id`, `customer_id`),
  KEY `customer` (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='customers that an expression chose, for an hour';

ALTER TABLE `{prefix}sidecar_segment`
  ADD COLUMN `origin` ENUM('file','admin','builtin') NULL COMMENT 'where its rule stands; NULL: no pass has noted it yet';

ALTER TABLE `{prefix}sidecar_finding`
  ADD COLUMN `told_at` BIGINT NULL COMMENT 'when the admin''s bell told it; NULL: not yet';
