<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * What stands beside customers in the store's own list: their tags and tier.
 */
class Badges {
	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * Tags in effect, in the order of their names, and the tier, by customer; who has neither is left out.
	 *
	 * @param list<int> $customer_ids
	 *
	 * @return array<int, array{tags: list<array{name: string, colour: string}>, tier: string}>
	 */
	public function of(array $customer_ids): array {
		$slots = $this->database->rows('SELECT `name`, `colour`, `slot` FROM {sidecar_tag} WHERE `archived_at` IS NULL ORDER BY `name_key`');
		$words = array_unique(array_map(static function (array $tag): int {
			return intdiv((int)$tag['slot'], 64);
		}, $slots));
		$columns = '';

		foreach ($words as $word) {
			// As hexadecimal digits: 64 bits are more than PHP counts to.
			$columns .= ", HEX(s.`tags$word`) AS `tags$word`";
		}

		$tiers = new Tiers($this->database);
		$badges = [];

		foreach ($this->database->rows('SELECT s.`customer_id`, t.`customer_id` IS NOT NULL AS `held`, t.`tier`, r.`customer_id` IS NOT NULL AS `objects`' . $columns . " FROM {sidecar_customer} s LEFT JOIN {sidecar_tier} t ON (t.`customer_id` = s.`customer_id`) LEFT JOIN {sidecar_restriction} r ON (r.`customer_id` = s.`customer_id` AND r.`kind` = 'no_profiling') WHERE s.`customer_id` IN (?)", [$customer_ids]) as $row) {
			$tags = [];

			foreach ($slots as $tag) {
				if (self::has((string)$row['tags' . intdiv((int)$tag['slot'], 64)], (int)$tag['slot'] % 64)) {
					$tags[] = ['name' => (string)$tag['name'], 'colour' => (string)$tag['colour']];
				}
			}

			$tier = $tiers->of($row['held'] === '1', $row['tier'], $row['objects'] === '1');

			if ($tags || $tier !== '') {
				$badges[(int)$row['customer_id']] = ['tags' => $tags, 'tier' => $tier];
			}
		}

		return $badges;
	}

	/** Whether a bit of a word, given as hexadecimal digits, is set. */
	public static function has(string $hexadecimal, int $bit): bool {
		return (bool)(hexdec(strrev($hexadecimal)[intdiv($bit, 4)] ?? '0') >> $bit % 4 & 1);
	}
}
