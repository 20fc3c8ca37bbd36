-- What a pass keeps: one row a customer with the stored facts and the bit words,
-- the tags and who asserts them, the runs and the audit of what each changed.
-- All times are seconds since 1970 in UTC; money is in ten-thousandths.

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_customer` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `orders` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the fact orders',
  `total_spent` BIGINT NOT NULL DEFAULT 0 COMMENT 'the fact total_spent, ten-thousandths',
  `last_order_at` BIGINT NULL COMMENT 'the fact last_order',
  `registered_at` BIGINT NULL COMMENT 'the fact registered',
  `purchases_mark` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'fingerprint of the orders behind sidecar_purchase',
  `other_assertions` SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'assertions that no rule made: rows to read',
  `verdict0` BIGINT UNSIGNED NULL COMMENT 'what the rules say, a bit per slot; NULL is 0',
  `verdict1` BIGINT UNSIGNED NULL,
  `verdict2` BIGINT UNSIGNED NULL,
  `verdict3` BIGINT UNSIGNED NULL,
  `verdict4` BIGINT UNSIGNED NULL,
  `verdict5` BIGINT UNSIGNED NULL,
  `verdict6` BIGINT UNSIGNED NULL,
  `verdict7` BIGINT UNSIGNED NULL,
  `tags0` BIGINT UNSIGNED NULL COMMENT 'the tags in effect, a bit per slot; NULL is 0',
  `tags1` BIGINT UNSIGNED NULL,
  `tags2` BIGINT UNSIGNED NULL,
  `tags3` BIGINT UNSIGNED NULL,
  `tags4` BIGINT UNSIGNED NULL,
  `tags5` BIGINT UNSIGNED NULL,
  `tags6` BIGINT UNSIGNED NULL,
  `tags7` BIGINT UNSIGNED NULL,
  PRIMARY KEY (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_purchase` (
  `customer_id` INT UNSIGNED NOT NULL,
  `product_id` INT UNSIGNED NOT NULL COMMENT 'bought in a qualifying order',
  PRIMARY KEY (`customer_id`, `product_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_tag` (
  `tag_id` INT UNSIGNED NOT NULL AUTO_INCREMENT,
  `name` VARCHAR(64) NOT NULL COMMENT 'as displayed',
  `name_key` VARCHAR(255) NOT NULL COMMENT 'as compared: NFKC, lower case',
  `slot` SMALLINT UNSIGNED NOT NULL COMMENT 'bit in the words, for the life of the tag',
  `colour` CHAR(7) NULL COMMENT '#rrggbb',
  `description` VARCHAR(255) NOT NULL DEFAULT '',
  `customers` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'in effect for so many',
  `created_at` BIGINT NOT NULL,
  `archived_at` BIGINT NULL,
  `merged_into` INT UNSIGNED NULL COMMENT 'the tag that took this one''s place',
  PRIMARY KEY (`tag_id`),
  UNIQUE KEY `name_key` (`name_key`),
  UNIQUE KEY `slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_assertion` (
  `customer_id` INT UNSIGNED NOT NULL,
  `tag_id` INT UNSIGNED NOT NULL,
  `source_kind` ENUM('rule','pin_in','pin_out','import','api','workflow','merge') NOT NULL,
  `source_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'merge: the tag it came from; else 0',
  `since` BIGINT NOT NULL,
  `until` BIGINT NULL COMMENT 'live before this instant; NULL: no end',
  `actor` VARCHAR(64) NULL COMMENT 'the person; NULL for a rule',
  `reason` VARCHAR(255) NULL,
  PRIMARY KEY (`customer_id`, `tag_id`, `source_kind`, `source_id`),
  KEY `tag` (`tag_id`, `customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_run` (
  `run_id` INT UNSIGNED NOT NULL AUTO_INCREMENT,
  `kind` ENUM('full','changed','command') NOT NULL,
  `state` ENUM('running','applied','interrupted','failed') NOT NULL,
  `actor` VARCHAR(64) NULL COMMENT 'who asked; NULL for the sidecar itself',
  `what` VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'for people: what it was',
  `started_at` BIGINT NOT NULL,
  `finished_at` BIGINT NULL,
  `customers` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'looked at',
  `changed` INT UNSIGNED NOT NULL DEFAULT 0,
  `set_aside` INT UNSIGNED NOT NULL DEFAULT 0,
  `tag_added` INT UNSIGNED NOT NULL DEFAULT 0,
  `tag_removed` INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_audit` (
  `audit_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `run_id` INT UNSIGNED NOT NULL,
  `customer_id` INT UNSIGNED NOT NULL,
  `at` BIGINT NOT NULL,
  `tags_added` TEXT NOT NULL COMMENT 'ids with commas, ascending',
  `tags_removed` TEXT NOT NULL,
  PRIMARY KEY (`audit_id`),
  KEY `customer` (`customer_id`, `at`),
  KEY `run` (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_set_aside` (
  `customer_id` INT UNSIGNED NOT NULL,
  `at` BIGINT NOT NULL COMMENT 'the last time',
  `times` INT UNSIGNED NOT NULL DEFAULT 1,
  `error` VARCHAR(500) NOT NULL,
  PRIMARY KEY (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_rfm_limits` (
  `limits_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'named by explain',
  `day` DATE NOT NULL COMMENT 'in the store''s zone',
  `computed_at` BIGINT NOT NULL,
  `recency` TEXT NOT NULL COMMENT 'JSON: 4 limits, seconds since 1970',
  `frequency` TEXT NOT NULL COMMENT 'JSON: 4 limits, orders',
  `monetary` TEXT NOT NULL COMMENT 'JSON: 4 limits, ten-thousandths',
  `top` TEXT NOT NULL COMMENT 'JSON: 100 limits, ten-thousandths, of the top 1 to 100 percent',
  PRIMARY KEY (`limits_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
