<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * One customer: a page, a tab of the native form, and the pieces of both. For the page of customers.
 *
 * What our tables have stands at once; what has to be worked out is asked of the sidecar by a
 * panel, whose piece is then given the number of the command.
 */
trait CustomerPage {
	private ?Vocabulary $names_known = null;

	/** The page: GET customer_id. */
	public function info(): void {
		$customer = $this->customer();
		$head = $customer->head();

		if (!$head) {
			$this->show('nothing', ['text' => 'text_customer_gone'], [$this->words()['text_customer_gone'] => $this->here()]);

			return;
		}

		$name = $head['name'] !== '' ? $head['name'] : $head['email'];
		$this->show('customer', ['body' => $this->body($customer, $head), 'scripts' => ['javascript/chart.js']], [$name => $this->here('info', ['customer_id' => $head['customer_id']])]);
	}

	/** The same as a piece, for the native form: GET customer_id. */
	public function tab(): void {
		$customer = $this->customer();
		$head = $customer->head();
		$this->piece($head ? 'customer' : 'nothing', $head ? ['body' => $this->body($customer, $head)] : ['text' => 'text_customer_gone']);
	}

	/** What they have and may be given, as a piece: GET customer_id. */
	public function standing(): void {
		$customer = $this->customer();
		$head = $customer->head();
		$this->piece($head ? 'customer_standing' : 'nothing', $head ? $this->stands($customer, $head) : ['text' => 'text_customer_gone']);
	}

	/** How they buy, as a piece: GET command, a customer.show. */
	public function buying(): void {
		$told = $this->told('customer.show');
		$facts = array_column($told['facts'] ?? [], 'value', 'name');
		$buying = $told['buying'] ?? null;

		if (!$buying) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$money = $this->shown();
		$expected = $facts['expected_order'] ?? null;
		$this->piece('customer_buying', [
			'orders'     => $facts['orders'] ?? 0,
			'spent'      => $money->money((string)($facts['total_spent'] ?? '0')),
			'average'    => isset($facts['average_order']) ? $money->money($facts['average_order']) : '',
			'first'      => $money->day($facts['first_order'] ?? null),
			'last'       => $money->day($facts['last_order'] ?? null),
			'span'       => $facts['order_span'] ?? null,
			'gap'        => $facts['average_gap'] ?? null,
			'expected'   => $money->day($expected),
			'overdue'    => $expected !== null && date('Y-m-d', (int)strtotime($expected)) < date('Y-m-d'),
			'units'      => $buying['baskets']['units'] === null ? '' : $this->decimal((float)$buying['baskets']['units'], 2),
			'currency'   => (string)$this->config->get('config_currency'),
			'months'     => $this->months($buying['months']),
			'sizes'      => $this->sizes($buying['baskets']['sizes']),
			'categories' => $money->goods($buying['categories']),
			'products'   => $money->goods($buying['products'])
		]);
	}

	/** Every fact, as a piece: GET command, a customer.show. */
	public function facts(): void {
		$told = $this->told('customer.show');

		if (!isset($told['facts'])) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$areas = [];

		foreach ($told['facts'] as $fact) {
			$areas[$fact['area']][] = ['label' => $this->shown()->label($fact['name'], $fact['label']), 'value' => $this->shown()->fact($fact)];
		}

		$this->piece('customer_facts', ['areas' => $areas]);
	}

	/** Why they have what they have, as a piece: GET command, an explain. */
	public function why(): void {
		$told = $this->told('explain');

		if (!$told) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$things = [];

		foreach (['tag', 'segment'] as $kind) {
			foreach ($told[$kind] as $name => $thing) {
				$things[$kind][] = $this->thing((string)$name, $thing);
			}

			// What holds stands first; the order of names stays.
			usort($things[$kind], static function (array $one, array $other): int {
				return $other['holds'] <=> $one['holds'];
			});
		}

		$group = $told['group'];
		$rungs = [];

		foreach ($group['rungs'] as $rung) {
			$rungs[] = $this->thing($rung['name'], $rung + ['why' => '', 'next_change' => null, 'next_state' => null, 'since' => null]);
		}

		$this->piece('customer_why', [
			'tags'     => $things['tag'] ?? [],
			'segments' => $things['segment'] ?? [],
			'groups'   => array_merge([$this->thing((string)$group['name'], $group)], $rungs),
			'tier'     => $this->thing((string)$told['tier']['name'], $told['tier']),
			'aside'    => (string)$told['set_aside'],
			'at'       => $this->shown()->time($told['at'])
		]);
	}

	/** What happened, as a piece: GET customer_id, and perhaps kind and after. */
	public function timeline(): void {
		$customer_id = (int)$this->get('customer_id');
		$kinds = array_values(array_filter(Timeline::KINDS, function (string $kind): bool {
			return $kind !== 'consent' || $this->maySee('gdpr');
		}));
		$kind = $this->get('kind');
		$page = (new Timeline($this->database(), $customer_id))->page(in_array($kind, $kinds, true) ? [$kind] : $kinds, $this->get('after'));
		$words = new TimelineWords($this->words(), $this->names(), $this->shown(), $this->statuses());
		$choices = ['' => $this->here('timeline', ['customer_id' => $customer_id])];

		foreach ($kinds as $each) {
			$choices[$each] = $this->here('timeline', ['customer_id' => $customer_id, 'kind' => $each]);
		}

		$this->piece('customer_timeline', [
			'entries' => array_map([$words, 'entry'], $page['entries']),
			'choices' => $choices,
			'kind'    => $kind,
			'first'   => $this->get('after') !== '' ? $choices[$kind] ?? $choices[''] : '',
			'older'   => $page['next'] !== '' ? $this->here('timeline', ['customer_id' => $customer_id, 'kind' => $kind, 'after' => $page['next']]) : ''
		]);
	}

	/**
	 * Those of the list and those of one customer.
	 *
	 * @return list<string>
	 */
	protected function files(): array {
		return ['sidecar', 'page/' . static::NAME, 'page/customer', 'page/facts'];
	}

	private function names(): Vocabulary {
		return $this->names_known ?? ($this->names_known = new Vocabulary($this->database(), (int)$this->config->get('config_language_id')));
	}

	/**
	 * Names of order statuses by id, in the person's language where there is one.
	 *
	 * @return array<int, string>
	 */
	private function statuses(): array {
		// The person's language comes last, and so before the others.
		$rows = $this->database()->rows('SELECT `order_status_id`, `name` FROM {order_status} ORDER BY `language_id` = ?, `language_id` DESC', [(int)$this->config->get('config_language_id')]);

		return array_map([Text::class, 'plain'], array_column($rows, 'name', 'order_status_id'));
	}

	private function customer(): Customer {
		return new Customer($this->database(), $this->names(), (int)$this->get('customer_id'));
	}

	/** How values are shown to this person. */
	private function shown(): Shown {
		return new Shown($this->words(), function (string $amount): string {
			return Text::plain($this->currency->format((float)$amount, $this->config->get('config_currency')));
		});
	}

	/**
	 * The answer of the command that GET names.
	 *
	 * @return array<string, mixed> empty: it is not the person's own, of another name, or not answered
	 */
	private function told(string $name): array {
		$found = $this->commands()->find((int)$this->get('command'), $this->actor());

		return $found && $found['name'] === $name && is_array($found['answer']) ? $found['answer'] : [];
	}

	/**
	 * @param array<string, mixed> $head
	 */
	private function body(Customer $customer, array $head): string {
		$id = ['customer_id' => $head['customer_id']];
		$native = $this->user->hasPermission('access', 'customer/customer');

		return $this->view('customer_body', [
			'head'         => $head,
			'since'        => $head['since'] !== '' ? date($this->words()['format_day'], (int)strtotime($head['since'])) : '',
			'group'        => $this->names()->groups()[$head['group_id']] ?? '#' . $head['group_id'],
			'restrictions' => array_map(function (array $one): array {
				return ['since' => $this->shown()->instant($one['since']), 'until' => $this->shown()->instant($one['until'])] + $one;
			}, $customer->restrictions()),
			'aside'        => $customer->aside(),
			'bought'       => $customer->bought(),
			'form'         => $native ? $this->link('customer/customer.form', $id) : '',
			'privacy'      => $this->maySee('gdpr') ? $this->link(Bridge::route('gdpr') . '.customer', $id) : '',
			'orders'       => $this->user->hasPermission('access', 'sale/order') ? $this->link('sale/order', ['filter_customer_id' => $head['customer_id']]) : '',
			'standing'     => $this->view('customer_standing', $this->stands($customer, $head)),
			'pieces'       => [
				'standing' => $this->here('standing', $id),
				'buying'   => $this->here('buying', $id),
				'facts'    => $this->here('facts', $id),
				'why'      => $this->here('why', $id),
				'timeline' => $this->here('timeline', $id)
			]
		]);
	}

	/**
	 * @param array<string, mixed> $head
	 *
	 * @return array<string, mixed>
	 */
	private function stands(Customer $customer, array $head): array {
		$shown = $this->shown();
		$tags = $customer->tags();

		foreach ($tags as $place => $tag) {
			$tags[$place]['style'] = BadgeHtml::style($tag['colour']);

			foreach ($tag['sources'] as $number => $source) {
				$tags[$place]['sources'][$number]['words'] = $shown->source($source);
			}
		}

		$segments = $customer->segments();

		foreach ($segments as $place => $segment) {
			$segments[$place]['words'] = $segment['pin'] ? $shown->pin($segment['pin']) : '';
		}

		$groups = $this->names()->groups();
		$group = $customer->group($head['group_id']);
		$tier = $customer->tier();
		$balances = [];

		foreach ($customer->balances() as $unit => $balance) {
			$balances[$unit] = [
				'available' => $shown->amount($unit, $balance['available']),
				'pending'   => (int)$balance['pending'] ? $shown->amount($unit, $balance['pending']) : '',
				'expiring'  => $balance['expiring'] !== null ? $shown->amount($unit, $balance['expiring']) : '',
				'expires'   => $balance['expires'] === null ? '' : $shown->instant((string)((int)$balance['expires'] - 1), true)
			];
		}

		return [
			'head'      => $head,
			'tags'      => $tags,
			'known'     => array_column($this->names()->tags(), 'name'),
			'segments'  => $segments,
			'group'     => $groups[$head['group_id']] ?? '#' . $head['group_id'],
			'groups'    => $groups,
			'ladder'    => [
				'since' => $shown->instant($group['since']),
				'hold'  => $group['hold'],
				'pin'   => $group['pin'] ? $shown->pin($group['pin']) : '',
				'move'  => $group['move'] ? $shown->move($group['move'], $groups) : ''
			],
			'tier'      => $tier ? [
				'name'   => $tier['name'],
				'since'  => $shown->instant($tier['since']),
				'review' => $shown->instant($tier['review'], true),
				'grace'  => $shown->instant($tier['grace'], true),
				'lock'   => $tier['lock'] ? $shown->pin(['direction' => 'lock', 'since' => '', 'requalify' => false] + $tier['lock']) : ''
			] : null,
			'balances'  => $balances,
			'loyalty'   => $this->maySee('loyalty') ? $this->link(Bridge::route('loyalty') . '.info', ['customer_id' => $head['customer_id']]) : ''
		];
	}

	/**
	 * A thing that was explained, for people.
	 *
	 * @param array<string, mixed> $thing
	 *
	 * @return array<string, mixed>
	 */
	private function thing(string $name, array $thing): array {
		$shown = $this->shown();
		$next = $thing['next_state'] ?? null;

		return [
			'name'    => $name,
			'holds'   => (bool)$thing['holds'],
			'since'   => $shown->time($thing['since'] ?? null),
			'why'     => (string)($thing['why'] ?? ''),
			'rule'    => (string)($thing['rule'] ?? ''),
			'place'   => (string)($thing['place'] ?? ''),
			'blocked' => (string)($thing['blocked']['text'] ?? ''),
			'nearest' => (string)($thing['nearest']['text'] ?? ''),
			'change'  => $shown->time($thing['next_change'] ?? null),
			'state'   => is_bool($next) ? $this->words()[$next ? 'text_yes' : 'text_no'] : (string)$next,
			'why_not' => (string)($thing['next_why'] ?? ''),
			'tree'    => isset($thing['tree']) ? $shown->tree($thing['tree']) : []
		];
	}

	/**
	 * Charts of orders and of spending by month, as `chart.js` takes them.
	 *
	 * @param list<array{month: string, orders: int, spent: string}> $months
	 *
	 * @return array{orders: string, spent: string}
	 */
	private function months(array $months): array {
		$labels = $spent = $texts = [];

		foreach ($months as $month) {
			$labels[] = date('m/y', (int)strtotime($month['month'] . '-01'));
			$spent[] = (float)$month['spent'];
			$texts[] = $this->shown()->money($month['spent']);
		}

		$words = $this->words();

		return [
			'orders' => (string)json_encode(['labels' => $labels, 'axis' => $words['column_month'], 'series' => [['name' => $words['fact_orders'], 'values' => array_column($months, 'orders')]]]),
			'spent'  => (string)json_encode(['labels' => $labels, 'axis' => $words['column_month'], 'series' => [['name' => $words['fact_total_spent'], 'values' => $spent, 'texts' => $texts]]])
		];
	}

	/**
	 * @param list<array{from: int, to: ?int, orders: int}> $sizes
	 */
	private function sizes(array $sizes): string {
		$words = $this->words();
		$labels = array_map(static function (array $size): string {
			return $size['to'] === null ? $size['from'] . '+' : ($size['to'] === $size['from'] ? (string)$size['from'] : $size['from'] . '–' . $size['to']);
		}, $sizes);

		return (string)json_encode(['labels' => $labels, 'axis' => $words['column_units'], 'series' => [['name' => $words['fact_orders'], 'values' => array_column($sizes, 'orders')]]]);
	}
}
