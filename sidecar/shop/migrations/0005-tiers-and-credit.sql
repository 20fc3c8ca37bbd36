-- Tiers, redemptions, store credit that was issued, cards.
-- Everything is added: the previous program works on these tables as it did.
-- compatible: 1

ALTER TABLE `{prefix}sidecar_rewarded`
  ADD COLUMN `placed_at` BIGINT NOT NULL DEFAULT 0 COMMENT 'when the order was placed; 0: no possible date',
  ADD COLUMN `counts` BIGINT NOT NULL DEFAULT 0 COMMENT 'what of it earns and is left, in ten-thousandths of a currency unit';

ALTER TABLE `{prefix}sidecar_cause`
  MODIFY COLUMN `kind` ENUM('opening','earn','native','adjust','expire','redeem','issue','waive','restore') NOT NULL COMMENT 'why an amount stands in the account; waive: debt that was forgiven; restore: a row that the store should not have removed, by its number',
  ADD COLUMN `order_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'native, restore: the order that the store''s row names; 0: none';

-- So that the next full pass looks at all orders, and these columns are filled.
DELETE FROM `{prefix}sidecar_state` WHERE `name` = 'loyalty.settled';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_tier` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `tier` VARCHAR(255) NULL COMMENT 'its name; NULL: in none',
  `since` BIGINT NULL COMMENT 'since when',
  `review_at` BIGINT NULL COMMENT 'when it is reviewed; NULL: never',
  `grace_until` BIGINT NULL COMMENT 'until when it is kept though a review was missed; NULL: none was',
  `led_by` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the order that led up to it; 0: none did, or it is too late to give it back',
  `led_from` VARCHAR(255) NULL COMMENT 'the tier before that; NULL: none',
  `metric` BIGINT NOT NULL DEFAULT 0 COMMENT 'what counts towards the next tier, in ten-thousandths',
  `lock_tier` VARCHAR(255) NULL COMMENT 'the tier that a person locked; NULL: not locked',
  `lock_until` BIGINT NULL COMMENT 'until when; NULL: until a person unlocks it',
  `lock_actor` VARCHAR(64) NULL COMMENT 'who locked it',
  `lock_reason` VARCHAR(255) NULL COMMENT 'why',
  `next_at` BIGINT NULL COMMENT 'when time alone changes it next; NULL: never',
  PRIMARY KEY (`customer_id`),
  KEY `next_at` (`next_at`),
  KEY `tier` (`tier`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='the tier of each customer who has earned something; who has no row is in the lowest';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_tier_change` (
  `change_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `at` BIGINT NOT NULL COMMENT 'when',
  `was` VARCHAR(255) NULL COMMENT 'the tier before; NULL: none',
  `tier` VARCHAR(255) NULL COMMENT 'the tier since; NULL: none',
  `why` ENUM('reached','missed','reversed','locked','definition') NOT NULL COMMENT 'reversed: the order that led up was given back',
  PRIMARY KEY (`change_id`),
  KEY `customer` (`customer_id`, `at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='moves between tiers; rows are never changed';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_redemption` (
  `redemption_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number, the source of its cause',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `command_id` BIGINT UNSIGNED NULL COMMENT 'the command that asked for it, so that it is done once; NULL: none',
  `points` BIGINT NOT NULL COMMENT 'how many',
  `value` BIGINT NOT NULL COMMENT 'what they became, in ten-thousandths of a currency unit',
  `becomes` ENUM('coupon','credit') NOT NULL COMMENT 'what they became',
  `state` ENUM('making','open','closing','used','foreign','returned') NOT NULL COMMENT 'making: the coupon is still to be written; closing: it cannot be used any more, and nothing is given back yet; foreign: somebody else used it',
  `code` VARCHAR(20) NULL COMMENT 'of the coupon; NULL: none',
  `coupon_id` INT UNSIGNED NULL COMMENT 'the store''s id of the coupon; NULL: none, or not written yet',
  `least_order` BIGINT NOT NULL DEFAULT 0 COMMENT 'what goods must cost for the coupon to be used, in ten-thousandths of a currency unit',
  `ends_at` BIGINT NULL COMMENT 'from when on the coupon cannot be used; NULL: never',
  `order_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the order it was used for; 0: none',
  `history_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the store''s row that says so; 0: none',
  `used_by` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the customer of that order; 0: nobody, or a guest',
  `actor` VARCHAR(64) NOT NULL COMMENT 'who asked for it',
  `reason` VARCHAR(255) NULL COMMENT 'what they said',
  `at` BIGINT NOT NULL COMMENT 'when it was made',
  `next_at` BIGINT NULL COMMENT 'when time alone changes it next; NULL: never',
  PRIMARY KEY (`redemption_id`),
  UNIQUE KEY `command` (`command_id`),
  UNIQUE KEY `code` (`code`),
  KEY `customer` (`customer_id`),
  KEY `coupon` (`coupon_id`),
  KEY `next_at` (`next_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='points that became a coupon or store credit';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_issue` (
  `issue_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number, the source of its cause',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `command_id` BIGINT UNSIGNED NULL COMMENT 'the command that asked for it, so that it is done once; NULL: none',
  `kind` ENUM('refund','goodwill','promotion','gift','redemption') NOT NULL COMMENT 'what it is given for',
  `amount` BIGINT NOT NULL COMMENT 'in ten-thousandths of a currency unit',
  `order_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'refund: of which order; 0: of none',
  `expires_at` BIGINT NULL COMMENT 'from when on it cannot be spent; NULL: never',
  `state` ENUM('waiting','issued','refused') NOT NULL COMMENT 'waiting: for another person''s approval',
  `actor` VARCHAR(64) NOT NULL COMMENT 'who issues it',
  `reason` VARCHAR(255) NOT NULL COMMENT 'what they said',
  `decided_by` VARCHAR(64) NULL COMMENT 'who approved or refused it; NULL: nobody was asked',
  `decided_reason` VARCHAR(255) NULL COMMENT 'why it was refused; NULL: it was not',
  `decided_at` BIGINT NULL COMMENT 'when; NULL: not yet, or nobody was asked',
  `at` BIGINT NOT NULL COMMENT 'when it was asked for',
  PRIMARY KEY (`issue_id`),
  UNIQUE KEY `command` (`command_id`),
  KEY `customer` (`customer_id`),
  KEY `state` (`state`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='store credit that people issued';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_card` (
  `number` VARCHAR(16) NOT NULL COMMENT 'digits, the last of which checks the others',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `issued_at` BIGINT NOT NULL COMMENT 'when',
  `holds` TINYINT UNSIGNED NULL COMMENT '1: it holds, as one of a customer''s does; NULL: it has ended',
  `ended_at` BIGINT NULL COMMENT 'since when another one holds; NULL: it holds',
  `actor` VARCHAR(64) NULL COMMENT 'who issued it; NULL: the sidecar itself',
  `reason` VARCHAR(255) NULL COMMENT 'why it was issued anew',
  PRIMARY KEY (`number`),
  UNIQUE KEY `one` (`customer_id`, `holds`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='cards of customers';
