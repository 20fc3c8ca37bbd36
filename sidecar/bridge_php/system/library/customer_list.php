<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Customers, a page at a time.
 */
class CustomerList {
	private Database $database;
	private Vocabulary $vocabulary;
	private CustomerFilter $filter;
	private CustomerQuery $query;

	public function __construct(Database $database, Vocabulary $vocabulary, CustomerFilter $filter) {
		$this->database = $database;
		$this->vocabulary = $vocabulary;
		$this->filter = $filter;
		$this->query = new CustomerQuery($database, $vocabulary, $filter);
	}

	/**
	 * A page: its customers in their order, and how many there are.
	 *
	 * @param string $sort of CustomerQuery::SORTS
	 *
	 * @return array{ids: list<int>, total: int, more: bool} more: there are more than `total`
	 */
	public function page(string $sort, bool $descending, int $offset, int $limit): array {
		$total = $this->counted();
		$has_more = false;

		if ($total === null || $total <= CustomerQuery::FEW) {
			if (!$this->query->isMany()) {
				[$sql, $values] = $this->query->gather($sort);
				$found = $this->database->rows($sql, $values);

				if (count($found) <= CustomerQuery::FEW) {
					return ['ids' => $this->sorted($found, $sort, $descending, $offset, $limit), 'total' => count($found), 'more' => false];
				}
			}

			$has_more = $total === null;
			$total = $total ?? CustomerQuery::FEW;
		}

		[$sql, $values] = $this->query->walk($sort, $descending, $offset, $limit);

		return ['ids' => array_map('intval', array_column($this->database->rows($sql, $values), 'customer_id')), 'total' => $total, 'more' => $has_more];
	}

	/** How many match, where that is kept; null: it is not. */
	private function counted(): ?int {
		$counted = $this->filter->single();

		if ($counted) {
			return $counted['customers'];
		}

		return $this->filter->query() ? null : $this->vocabulary->everyone();
	}

	/**
	 * A page of all that were gathered.
	 *
	 * @param list<array<string, ?string>> $found
	 *
	 * @return list<int>
	 */
	private function sorted(array $found, string $sort, bool $descending, int $offset, int $limit): array {
		$ids = array_map('intval', array_column($found, 'customer_id'));

		if ($sort === 'name') {
			[$sql, $values] = CustomerQuery::by_name($ids, $descending, $offset, $limit);

			return array_map('intval', array_column($this->database->rows($sql, $values), 'customer_id'));
		}

		// What is missing comes before everything, as in the database.
		$places = array_map(static function (array $row): int {
			return $row['place'] === null ? PHP_INT_MIN : (int)$row['place'];
		}, $found);
		$direction = $descending ? SORT_DESC : SORT_ASC;
		array_multisort($places, $direction, SORT_NUMERIC, $ids, $direction, SORT_NUMERIC);

		return array_slice($ids, $offset, $limit);
	}

	/**
	 * What is shown of customers, in the order of *ids*; those that are gone from the store are left out.
	 *
	 * @param list<int> $ids
	 *
	 * @return list<array{customer_id: int, first_name: string, last_name: string, email: string, group: string, status: bool, orders: int, spent: string, last: ?string, registered: ?string, tags: list<array<string, mixed>>, tier: string, restrictions: list<string>}>
	 *   spent in ten-thousandths, last and registered as seconds since 1970; tags as `Vocabulary::tags`
	 */
	public function rows(array $ids): array {
		if (!$ids) {
			return [];
		}

		$words = [];

		foreach ($this->vocabulary->tags() as $tag) {
			$word = intdiv($tag['slot'], 64);
			// In halves, as a word of 64 bits may be more than PHP's whole numbers hold.
			$words[$word] = "s.`tags$word` & 4294967295 AS `low$word`, s.`tags$word` >> 32 AS `high$word`";
		}

		$columns = $words ? ', ' . implode(', ', $words) : '';
		$found = [];

		foreach ($this->database->rows('SELECT s.`customer_id`, c.`firstname`, c.`lastname`, c.`email`, c.`customer_group_id`, c.`status`, s.`orders`, s.`total_spent`, s.`last_order_at`, s.`registered_at`, t.`customer_id` IS NOT NULL AS `held`, t.`tier`' . $columns . ' FROM {sidecar_customer} s INNER JOIN {customer} c ON (c.`customer_id` = s.`customer_id`) LEFT JOIN {sidecar_tier} t ON (t.`customer_id` = s.`customer_id`) WHERE s.`customer_id` IN (?)', [$ids]) as $row) {
			$found[(int)$row['customer_id']] = $row;
		}

		$restrictions = [];

		foreach ($this->database->rows('SELECT `customer_id`, `kind` FROM {sidecar_restriction} WHERE `customer_id` IN (?) ORDER BY `kind`', [$ids]) as $row) {
			$restrictions[(int)$row['customer_id']][] = (string)$row['kind'];
		}

		$tiers = new Tiers($this->database);
		$rows = [];

		foreach ($ids as $customer_id) {
			$row = $found[$customer_id] ?? null;

			if ($row) {
				$rows[] = [
					'customer_id'  => $customer_id,
					'first_name'   => Text::plain($row['firstname']),
					'last_name'    => Text::plain($row['lastname']),
					'email'        => Text::plain($row['email']),
					'group'        => $this->vocabulary->groups()[(int)$row['customer_group_id']] ?? '',
					'status'       => (int)$row['status'] === 1,
					'orders'       => (int)$row['orders'],
					'spent'        => (string)$row['total_spent'],
					'last'         => $row['last_order_at'],
					'registered'   => $row['registered_at'],
					'tags'         => $this->tags($row),
					'tier'         => $tiers->of($row['held'] === '1', $row['tier'], in_array('no_profiling', $restrictions[$customer_id] ?? [], true)),
					'restrictions' => $restrictions[$customer_id] ?? []
				];
			}
		}

		return $rows;
	}

	/**
	 * The tags in effect.
	 *
	 * @param array<string, ?string> $row with the words
	 *
	 * @return list<array{id: int, name: string, colour: string, slot: int, customers: int}>
	 */
	private function tags(array $row): array {
		$tags = [];

		foreach ($this->vocabulary->tags() as $tag) {
			$half = ($tag['slot'] % 64 < 32 ? 'low' : 'high') . intdiv($tag['slot'], 64);

			if ((int)$row[$half] >> $tag['slot'] % 32 & 1) {
				$tags[] = $tag;
			}
		}

		return $tags;
	}
}
