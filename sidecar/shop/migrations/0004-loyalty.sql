-- Points and store credit: accounts, the ledger, what orders earned by which rules.
-- Everything is added: the previous program works on these tables as it did.
-- compatible: 1

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_account` (
  `unit` ENUM('points','credit') NOT NULL COMMENT 'points are whole, credit is in ten-thousandths of a currency unit',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `available` BIGINT NOT NULL DEFAULT 0 COMMENT 'what can be spent; below zero: what is owed',
  `pending` BIGINT NOT NULL DEFAULT 0 COMMENT 'what becomes available later',
  `orders_mark` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'fingerprint of the orders that were looked at',
  `native_mark` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'fingerprint of the native rows that were looked at',
  `next_at` BIGINT NULL COMMENT 'when time alone changes it next; NULL: never',
  PRIMARY KEY (`unit`, `customer_id`),
  KEY `next_at` (`unit`, `next_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='points and store credit of each customer, added up from the ledger';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_cause` (
  `cause_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number',
  `unit` ENUM('points','credit') NOT NULL COMMENT 'as of the account',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `kind` ENUM('opening','earn','native','adjust','expire','redeem','issue') NOT NULL COMMENT 'why an amount stands in the account',
  `source_id` BIGINT UNSIGNED NULL COMMENT 'earn: the order; native: the store''s row; expire: the instant; NULL: nothing of that kind',
  `earner_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'earn: by which rule; 0: the points per unit',
  `posted` BIGINT NOT NULL COMMENT 'the sum of its entries',
  `overruled` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: somebody took back in the store what it gave; its target is 0 until a person gives it back',
  `taken` MEDIUMTEXT NOT NULL COMMENT 'JSON: [lot, amount] of what it took from lots that are not its own, the latest last',
  `actor` VARCHAR(64) NULL COMMENT 'the person who asked for it; NULL: nobody',
  `reason` VARCHAR(255) NULL COMMENT 'what they said',
  `at` BIGINT NOT NULL COMMENT 'when it was first looked at',
  PRIMARY KEY (`cause_id`),
  UNIQUE KEY `once` (`unit`, `kind`, `source_id`, `earner_id`, `customer_id`),
  KEY `customer` (`unit`, `customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='what each amount in an account is for; entries bring it to its target';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_lot` (
  `lot_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number',
  `unit` ENUM('points','credit') NOT NULL COMMENT 'as of the account',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `cause_id` BIGINT UNSIGNED NULL COMMENT 'what filled it; NULL: the debt, which may be below zero',
  `remaining` BIGINT NOT NULL COMMENT 'what is left of it',
  `earned_at` BIGINT NOT NULL COMMENT 'before which others it came',
  `available_at` BIGINT NOT NULL COMMENT 'from when on it can be spent',
  `expires_at` BIGINT NULL COMMENT 'from when on it cannot any more; NULL: never',
  `is_released` TINYINT UNSIGNED NOT NULL COMMENT '0: pending',
  PRIMARY KEY (`lot_id`),
  KEY `customer` (`unit`, `customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='amounts that became a customer''s together, and expire together';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_entry` (
  `entry_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number, which its row in the store bears',
  `unit` ENUM('points','credit') NOT NULL COMMENT 'as of the account',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `cause_id` BIGINT UNSIGNED NOT NULL COMMENT 'why',
  `kind` ENUM('post','release','expire','pay') NOT NULL COMMENT 'pay: debt was paid',
  `amount` BIGINT NOT NULL COMMENT 'by how much the account changed',
  `shown` BIGINT NOT NULL COMMENT 'by how much what is available changed',
  `written` BIGINT NOT NULL COMMENT 'of that, the row of ours in the store; 0: none',
  `native_id` INT UNSIGNED NULL COMMENT 'that row; 0: none, or it is gone; NULL: it is still to be written',
  `at` BIGINT NOT NULL COMMENT 'when',
  PRIMARY KEY (`entry_id`),
  KEY `customer` (`unit`, `customer_id`),
  KEY `cause` (`cause_id`),
  KEY `native` (`native_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='the ledger; rows are never changed, but for the number of their row in the store';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_move` (
  `entry_id` BIGINT UNSIGNED NOT NULL COMMENT 'of which entry',
  `lot_id` BIGINT UNSIGNED NOT NULL COMMENT 'into or out of which lot',
  `amount` BIGINT NOT NULL COMMENT 'above zero: into it; those of an entry add up to its amount',
  PRIMARY KEY (`entry_id`, `lot_id`),
  KEY `lot` (`lot_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='which lots an entry filled or emptied';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_earner` (
  `earner_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number; 0 are the points per unit',
  `name` VARCHAR(255) NOT NULL COMMENT 'of an earn rule, folded; *: what multiplies the points per unit',
  PRIMARY KEY (`earner_id`),
  UNIQUE KEY `name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='numbers of earn rules';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_program` (
  `revision` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number',
  `fingerprint` VARCHAR(32) NOT NULL COMMENT 'of its definition',
  `definition` MEDIUMTEXT NOT NULL COMMENT 'TOML: the program as orders were rewarded by it, with the store''s ids in the place of names',
  `since` BIGINT NOT NULL COMMENT 'when it was first used',
  PRIMARY KEY (`revision`),
  UNIQUE KEY `fingerprint` (`fingerprint`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='loyalty programs, as they were';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_rewarded` (
  `order_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'whose it is',
  `revision` INT UNSIGNED NOT NULL COMMENT 'of the program that it is rewarded by',
  `qualified_at` BIGINT NOT NULL COMMENT 'when it was first seen in a qualifying status',
  `multiplier` INT UNSIGNED NOT NULL COMMENT 'of the customer''s tier then, in ten-thousandths',
  `earners` TEXT NOT NULL COMMENT 'JSON: numbers of the earn rules that held then',
  `goods` TEXT NOT NULL COMMENT 'JSON: [product, [earn rules]] of products that rules with goods chose then',
  PRIMARY KEY (`order_id`),
  KEY `customer` (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='what was remembered of an order when it first earned';
