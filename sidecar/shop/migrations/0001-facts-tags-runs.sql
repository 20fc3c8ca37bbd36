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
  `verdict1` BIGINT UNSIGNED NULL COMMENT 'the same for slots 64 to 127',
  `verdict2` BIGINT UNSIGNED NULL COMMENT 'the same for slots 128 to 191',
  `verdict3` BIGINT UNSIGNED NULL COMMENT 'the same for slots 192 to 255',
  `verdict4` BIGINT UNSIGNED NULL COMMENT 'the same for slots 256 to 319',
  `verdict5` BIGINT UNSIGNED NULL COMMENT 'the same for slots 320 to 383',
  `verdict6` BIGINT UNSIGNED NULL COMMENT 'the same for slots 384 to 447',
  `verdict7` BIGINT UNSIGNED NULL COMMENT 'the same for slots 448 to 511',
  `tags0` BIGINT UNSIGNED NULL COMMENT 'the tags in effect, a bit per slot; NULL is 0',
  `tags1` BIGINT UNSIGNED NULL COMMENT 'the same for slots 64 to 127',
  `tags2` BIGINT UNSIGNED NULL COMMENT 'the same for slots 128 to 191',
  `tags3` BIGINT UNSIGNED NULL COMMENT 'the same for slots 192 to 255',
  `tags4` BIGINT UNSIGNED NULL COMMENT 'the same for slots 256 to 319',
  `tags5` BIGINT UNSIGNED NULL COMMENT 'the same for slots 320 to 383',
  `tags6` BIGINT UNSIGNED NULL COMMENT 'the same for slots 384 to 447',
  `tags7` BIGINT UNSIGNED NULL COMMENT 'the same for slots 448 to 511',
  PRIMARY KEY (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='one row a customer: stored facts and the bit words of the tags';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_purchase` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `product_id` INT UNSIGNED NOT NULL COMMENT 'bought in a qualifying order',
  PRIMARY KEY (`customer_id`, `product_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='which products each customer bought; filled where a rule asks for goods';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_tag` (
  `tag_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'as in sidecar_assertion and sidecar_audit',
  `name` VARCHAR(64) NOT NULL COMMENT 'as displayed',
  `name_key` VARCHAR(255) NOT NULL COMMENT 'as compared: NFKC, lower case',
  `slot` SMALLINT UNSIGNED NOT NULL COMMENT 'bit in the words, for the life of the tag',
  `colour` CHAR(7) NULL COMMENT '#rrggbb',
  `description` VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'for people',
  `customers` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'in effect for so many',
  `created_at` BIGINT NOT NULL COMMENT 'when it was made',
  `archived_at` BIGINT NULL COMMENT 'out of use since; NULL: in use',
  `merged_into` INT UNSIGNED NULL COMMENT 'the tag that took this one''s place',
  PRIMARY KEY (`tag_id`),
  UNIQUE KEY `name_key` (`name_key`),
  UNIQUE KEY `slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='the tags there are';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_assertion` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `tag_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_tag',
  `source_kind` ENUM('rule','pin_in','pin_out','import','api','workflow','merge') NOT NULL COMMENT 'who asserts; pin_out is a person''s no, every other a yes',
  `source_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'merge: the tag it came from; else 0',
  `since` BIGINT NOT NULL COMMENT 'first asserted at',
  `until` BIGINT NULL COMMENT 'live before this instant; NULL: no end',
  `actor` VARCHAR(64) NULL COMMENT 'the person; NULL for a rule',
  `reason` VARCHAR(255) NULL COMMENT 'in the person''s words; of an import its file',
  PRIMARY KEY (`customer_id`, `tag_id`, `source_kind`, `source_id`),
  KEY `tag` (`tag_id`, `customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='one source saying that a customer has, or must not have, a tag';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_run` (
  `run_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'as in sidecar_audit',
  `kind` ENUM('full','changed','command') NOT NULL COMMENT 'a full pass, named customers, or a command',
  `state` ENUM('running','applied','interrupted','failed') NOT NULL COMMENT 'interrupted: the program ended in it',
  `actor` VARCHAR(64) NULL COMMENT 'who asked; NULL for the sidecar itself',
  `what` VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'for people: what it was',
  `started_at` BIGINT NOT NULL COMMENT 'and the moment its rules were evaluated at',
  `finished_at` BIGINT NULL COMMENT 'NULL until then',
  `customers` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'looked at',
  `changed` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'customers whose tags changed',
  `set_aside` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'customers that could not be processed',
  `tag_added` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'tags that came into effect',
  `tag_removed` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'tags that went out of effect',
  PRIMARY KEY (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='every pass, change set and command';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_audit` (
  `audit_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'ascending in the order of writing',
  `run_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_run',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `at` BIGINT NOT NULL COMMENT 'the moment of the run',
  `tags_added` TEXT NOT NULL COMMENT 'ids with commas, ascending',
  `tags_removed` TEXT NOT NULL COMMENT 'the same',
  PRIMARY KEY (`audit_id`),
  KEY `customer` (`customer_id`, `at`),
  KEY `run` (`run_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='what a run changed, one row a customer whose tags changed';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_set_aside` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `at` BIGINT NOT NULL COMMENT 'the last time',
  `times` INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'how often',
  `error` VARCHAR(500) NOT NULL COMMENT 'what is wrong, without the data itself',
  PRIMARY KEY (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='customers whose data could not be processed, tried again every pass';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_rfm_limits` (
  `limits_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'named by explain',
  `day` DATE NOT NULL COMMENT 'in the store''s zone',
  `computed_at` BIGINT NOT NULL COMMENT 'when they were computed',
  `recency` TEXT NOT NULL COMMENT 'JSON: 4 limits, seconds since 1970',
  `frequency` TEXT NOT NULL COMMENT 'JSON: 4 limits, orders',
  `monetary` TEXT NOT NULL COMMENT 'JSON: 4 limits, ten-thousandths',
  `top` TEXT NOT NULL COMMENT 'JSON: 100 limits, ten-thousandths, of the top 1 to 100 percent',
  PRIMARY KEY (`limits_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='the limits of RFM scores and of the top percents, once a day of the store';
