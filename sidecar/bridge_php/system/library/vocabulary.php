<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * The tags, segments and customer groups there are, each read once.
 */
class Vocabulary {
	private Database $database;
	private int $language_id;

	/** @var ?array<int, array{id: int, name: string, colour: string, slot: int, customers: int}> */
	private ?array $tags = null;

	/** @var ?array<int, array{id: int, name: string, slot: int, customers: int, listed: bool, built_in: bool}> */
	private ?array $segments = null;

	/** @var ?array<int, string> */
	private ?array $groups = null;

	/** @param int $language_id of the store's default language */
	public function __construct(Database $database, int $language_id) {
		$this->database = $database;
		$this->language_id = $language_id;
	}

	/**
	 * Tags in use by id, in the order of their names.
	 *
	 * @return array<int, array{id: int, name: string, colour: string, slot: int, customers: int}>
	 *   colour: '#rrggbb' or ''; slot: its bit in the words
	 */
	public function tags(): array {
		if ($this->tags === null) {
			$this->tags = [];

			foreach ($this->database->rows('SELECT `tag_id`, `name`, `colour`, `slot`, `customers` FROM {sidecar_tag} WHERE `archived_at` IS NULL ORDER BY `name_key`') as $row) {
				$this->tags[(int)$row['tag_id']] = [
					'id'        => (int)$row['tag_id'],
					'name'      => (string)$row['name'],
					'colour'    => (string)$row['colour'],
					'slot'      => (int)$row['slot'],
					'customers' => (int)$row['customers']
				];
			}
		}

		return $this->tags;
	}

	/**
	 * Segments that rules make by id, built-in ones first.
	 *
	 * @return array<int, array{id: int, name: string, slot: int, customers: int, listed: bool, built_in: bool}>
	 *   listed: its members have rows; built_in: its rule comes with the sidecar
	 */
	public function segments(): array {
		if ($this->segments === null) {
			$this->segments = [];

			foreach ($this->database->rows('SELECT `segment_id`, `name`, `slot`, `customers`, `listed`, `origin` FROM {sidecar_segment} WHERE `slot` IS NOT NULL ORDER BY `name_key`') as $row) {
				$this->segments[(int)$row['segment_id']] = [
					'id'        => (int)$row['segment_id'],
					'name'      => (string)$row['name'],
					'slot'      => (int)$row['slot'],
					'customers' => (int)$row['customers'],
					'listed'    => (bool)$row['listed'],
					'built_in'  => $row['origin'] === 'builtin'
				];
			}

			$segments = $this->segments;
			uksort($this->segments, static function (int $one, int $other) use ($segments): int {
				return $segments[$other]['built_in'] <=> $segments[$one]['built_in'];
			});
		}

		return $this->segments;
	}

	/**
	 * Names of customer groups by id: in the store's default language, or in any other.
	 *
	 * @return array<int, string>
	 */
	public function groups(): array {
		if ($this->groups === null) {
			$this->groups = [];

			foreach ($this->database->rows('SELECT g.`customer_group_id`, d.`name` FROM {customer_group} g LEFT JOIN {customer_group_description} d ON (d.`customer_group_id` = g.`customer_group_id`) ORDER BY g.`customer_group_id`, d.`language_id` = ? DESC, d.`language_id`', [$this->language_id]) as $row) {
				$this->groups[(int)$row['customer_group_id']] = $this->groups[(int)$row['customer_group_id']] ?? Text::plain($row['name']);
			}
		}

		return $this->groups;
	}

	/** About how many customers there are; 0 while nothing was looked at. */
	public function customers(): int {
		$largest = 0;

		foreach ($this->segments() as $segment) {
			$largest = max($largest, $segment['customers']);
		}

		foreach ($this->tags() as $tag) {
			$largest = max($largest, $tag['customers']);
		}

		return $largest;
	}

	/** How many customers there are, as counted last; null: that is not known. */
	public function everyone(): ?int {
		foreach ($this->segments() as $segment) {
			if ($segment['built_in'] && $segment['name'] === 'everyone') {
				// Of whose data nothing is made, is in no segment.
				return $segment['customers'] + (int)$this->database->value("SELECT COUNT(DISTINCT `customer_id`) FROM {sidecar_restriction} WHERE `kind` IN ('restricted', 'no_profiling')");
			}
		}

		return null;
	}
}
