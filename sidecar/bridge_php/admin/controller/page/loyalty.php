<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\Changes;
use Opencart\System\Library\Extension\Sidecar\Loyalty as Whole;
use Opencart\System\Library\Extension\Sidecar\LoyaltyCustomer;
use Opencart\System\Library\Extension\Sidecar\LoyaltyTelling;
use Opencart\System\Library\Extension\Sidecar\Page;
use Opencart\System\Library\Extension\Sidecar\Redemptions;
use Opencart\System\Library\Extension\Sidecar\Text;
use Opencart\System\Library\Extension\Sidecar\Vocabulary;

/**
 * Points, store credit, tiers and cards: of everybody, and of one customer.
 */
class Loyalty extends Page {
	use LoyaltyCustomer;
	use LoyaltyTelling;

	protected const NAME = 'loyalty';

	public function index(): void {
		if (!$this->hasTables()) {
			$this->show('nothing', ['text' => 'text_no_tables']);

			return;
		}

		$this->show('loyalty', [
			'waiting'     => $this->view('loyalty_waiting', $this->waitingData()),
			'redemptions' => $this->view('loyalty_redemptions', $this->redemptionsData()),
			'pieces'      => [
				'waiting'     => $this->here('waiting'),
				'program'     => $this->here('program'),
				'status'      => $this->here('status'),
				'months'      => $this->here('months'),
				'card'        => $this->here('found'),
				'drift'       => $this->here('drift'),
				'redemptions' => $this->here('redemptions')
			],
			'operation'   => $this->other('status'),
			'scripts'     => ['javascript/panels.js', 'javascript/chart.js', 'javascript/loyalty.js']
		]);
	}

	/** What waits for a person, as a piece. */
	public function waiting(): void {
		$this->piece('loyalty_waiting', $this->waitingData());
	}

	/** What the program says, as a piece: GET command, a loyalty.program. */
	public function program(): void {
		$told = $this->told('loyalty.program');

		if (!$told) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		foreach ($told['tiers'] as $place => $tier) {
			$told['tiers'][$place] = [
				'threshold'  => $this->rate($tier['threshold']),
				'keep'       => $tier['keep'] === $tier['threshold'] ? '' : $this->rate($tier['keep']),
				'multiplier' => $this->rate($tier['multiplier']),
				'customers'  => $this->number($tier['customers']),
				'window'     => $tier['window'] === 'lifetime' ? '' : $this->span($tier['window']),
				'grace'      => $this->span($tier['grace'])
			] + $tier;
		}

		$credit = $told['credit'];
		$this->piece('loyalty_program', [
			'program' => [
				'start'              => $told['start'] === 'all' ? '' : $this->day($told['start']),
				'begun_at'           => $this->day($told['begun_at']),
				'begun_by'           => Text::actor($told['begun_by']),
				'points_per_unit'    => $this->rate($told['points_per_unit']),
				'points_worth_one'   => $this->number($told['points_worth_one']),
				'one'                => $this->paid('1'),
				'most_debt'          => $told['most_debt'] === null ? '' : $this->number($told['most_debt']),
				'most_multiplied'    => $told['most_multiplied'] === null ? '' : $this->rate($told['most_multiplied']),
				'redeem_least'       => $this->number($told['redeem_least']),
				'redeem_share'       => Text::decimal((string)((int)Text::parts($told['redeem_share']) * 100), 0, $this->language->get('decimal_point'), ''),
				'redeem_order_total' => (int)Text::parts($told['redeem_order_total']) ? $this->paid($told['redeem_order_total']) : '',
				'pending'            => strncmp($told['pending'], '0 ', 2) ? $this->span($told['pending']) : '',
				'redeem_valid'       => $this->span($told['redeem_valid']),
				'credit'             => $credit === null ? null : [
					'expiry'        => $this->span($credit['expiry']),
					'refund_expiry' => $this->span($credit['refund_expiry']),
					'approve_above' => $credit['approve_above'] === null ? '' : $this->paid($credit['approve_above'])
				]
			] + $told,
			'tiers'   => $this->other('activity'),
			'plan'    => $this->here('tiers')
		]);
	}

	/** What other tiers would change, as a piece: GET command, a tier.apply. */
	public function tiers(): void {
		$told = $this->told('tier.apply');
		$this->piece($told ? 'loyalty_tiers' : 'nothing', $told ? [
			'moved' => $this->number($told['moved']),
			'moves' => array_map(function (array $move): array {
				return ['customers' => $this->number($move['customers'])] + $move;
			}, $told['moves'])
		] : ['text' => 'text_untold']);
	}

	/** What is owed, as a piece: GET command, a loyalty.status. */
	public function status(): void {
		$told = $this->told('loyalty.status');

		if (!$told) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$numbers = $worths = [];

		foreach (['customers', 'available', 'pending', 'owed', 'issued', 'spent', 'taken', 'expired', 'waived', 'could_expire', 'did_expire'] as $name) {
			$numbers[$name] = (int)$told[$name] ? $this->number($told[$name]) : '0';
		}

		foreach (['available', 'pending', 'owed'] as $name) {
			$worths[$name] = $this->paid($told[$name . '_worth']);
		}

		$credit = $told['credit'];
		$percent = $told['breakage_percent'];
		$this->piece('loyalty_status', [
			'numbers'  => $numbers,
			'worths'   => $worths,
			'since'    => $this->day($told['counted_since']),
			'breakage' => $percent === null ? '' : $this->rate($percent),
			'credit'   => $credit === null ? null : [
				'available' => $this->paid($credit['available']),
				'customers' => $this->number($credit['customers']),
				'owed'      => (int)Text::parts($credit['owed']) ? $this->paid($credit['owed']) : '',
				'issues'    => (int)$credit['issues_waiting'],
				'waiting'   => $this->paid($credit['amount_waiting'])
			]
		]);
	}

	/** Points month by month, as a piece: GET command, a loyalty.months. */
	public function months(): void {
		$told = $this->told('loyalty.months');

		if (!$told) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$words = $this->words();
		$ending = array_values(array_filter($told['expiring'], static function (array $month): bool {
			return (bool)$month['points'];
		}));
		// Up to the last month in which any do.
		$shown = $ending ? array_slice($told['expiring'], 0, 1 + (int)array_search(end($ending), $told['expiring'], true)) : [];
		$gone = [];

		foreach (['issued', 'spent', 'expired'] as $name) {
			$values = array_column($told['months'], $name);
			$gone[] = ['name' => $words['flow_' . $name], 'values' => $values, 'texts' => array_map([$this, 'number'], $values)];
		}

		$this->piece('loyalty_months', [
			'flows'    => (string)json_encode(['labels' => array_map([$this, 'month'], array_column($told['months'], 'month')), 'axis' => $words['column_month'], 'series' => $gone]),
			'expiring' => $shown ? (string)json_encode(['labels' => array_map([$this, 'month'], array_column($shown, 'month')), 'axis' => $words['column_month'], 'series' => [[
				'name'   => $words['column_points'],
				'values' => array_column($shown, 'points'),
				'texts'  => array_map(function (array $month): string {
					return $this->number($month['points']) . ' (' . $this->paid($month['worth']) . ')';
				}, $shown)
			]]]) : '',
			'later'    => $told['later']['points'] ? [$this->number($told['later']['points']), $this->paid($told['later']['worth'])] : null,
			'never'    => $told['never']['points'] ? [$this->number($told['never']['points']), $this->paid($told['never']['worth'])] : null
		]);
	}

	/** Whose card it is, as a piece: GET command, a card.find. */
	public function found(): void {
		$told = $this->told('card.find');
		$customer_id = (int)($told['customer_id'] ?? 0);
		$this->piece('loyalty_found', [
			'state'    => $told['state'] ?? '',
			'problem'  => (string)($told['problem'] ?? ''),
			'number'   => $this->cardNumber((string)($told['number'] ?? '')),
			'holds'    => $this->cardNumber((string)($told['holds'] ?? '')),
			'customer' => $customer_id ? $this->people([$customer_id])[$customer_id] : null
		]);
	}

	/** What of the store's rows is not as the ledger has it, as a piece: GET command, a loyalty.reconcile. */
	public function drift(): void {
		$told = $this->told('loyalty.reconcile');

		if (!$told) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$people = $this->people(array_map('intval', array_column($told['found'], 'customer_id')));
		$kinds = $rows = [];

		foreach ($told['kinds'] as $kind => $number) {
			$kinds[] = ['text' => $this->words()['drift_' . $kind] ?? $kind, 'number' => $this->number($number)];
		}

		foreach (array_slice($told['found'], 0, 100) as $one) {
			$points = $one['unit'] === 'points';
			$rows[] = [
				'customer' => $people[(int)$one['customer_id']],
				'unit'     => $this->words()['unit_' . $one['unit']],
				'kind'     => $this->words()['drift_' . $one['kind']] ?? $one['kind'],
				'text'     => $one['text'],
				'amount'   => $points ? $this->number($one['amount']) : $this->paid($one['amount']),
				'wanted'   => $points ? $this->number($one['wanted']) : $this->paid($one['wanted']),
				'mended'   => $one['mended']
			];
		}

		$this->piece('loyalty_drift', [
			'customers' => $this->number($told['customers']),
			'drift'     => (int)$told['drift'],
			'mended'    => (int)$told['mended'],
			'kinds'     => $kinds,
			'rows'      => $rows,
			'rest'      => max(0, array_sum($told['kinds']) - count($rows)),
			'operation' => $this->other('status')
		]);
	}

	/** Redemptions, as a piece: GET before. */
	public function redemptions(): void {
		$this->piece('loyalty_redemptions', $this->redemptionsData());
	}

	/**
	 * Those of the page, and those of a customer's ledger.
	 *
	 * @return list<string>
	 */
	protected function files(): array {
		return ['sidecar', 'page/customer', 'page/' . static::NAME];
	}

	/** Whether there is something to look at. */
	protected function hasTables(): bool {
		return !in_array($this->place()['daemon']['state'], ['tables', 'older'], true);
	}

	/**
	 * The answer of the person's own command that GET names.
	 *
	 * @return array<string, mixed> empty: it is not theirs, of another name, or not answered
	 */
	protected function told(string $name): array {
		$found = $this->commands()->find((int)$this->get('command'), $this->actor());

		return $found && $found['name'] === $name && is_array($found['answer']) ? $found['answer'] : [];
	}

	/**
	 * Customers with a link to their points, and with name only where the person may see customers.
	 *
	 * @param list<int> $ids
	 *
	 * @return array<int, array{id: int, name: string, href: string}>
	 */
	protected function people(array $ids): array {
		$ids = array_values(array_unique(array_filter($ids)));
		$names = $ids && $this->maySee('customers') ? (new Changes($this->database(), new Vocabulary($this->database(), 0)))->customers($ids) : [];
		$people = [];

		foreach ($ids as $id) {
			$people[$id] = ['id' => $id, 'name' => ($names[$id] ?? '') !== '' ? $names[$id] : '#' . $id, 'href' => $this->here('info', ['customer_id' => $id])];
		}

		return $people;
	}

	/** A month of an answer, `2027-01`, for an axis. */
	private function month(string $month): string {
		return date('m/y', (int)strtotime($month . '-01'));
	}

	/**
	 * Where commands of another page are asked for, and whether the person may.
	 *
	 * @return array{ask: string, answer: string, may: bool}
	 */
	private function other(string $page): array {
		return [
			'ask'    => $this->link(Bridge::route($page) . '.ask'),
			'answer' => $this->link(Bridge::route($page) . '.answer'),
			'may'    => $this->maySee($page) && $this->mayAct($page)
		];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function waitingData(): array {
		$whole = new Whole($this->database());
		$issues = $whole->issues();
		$people = $this->people(array_map('intval', array_column($issues, 'customer_id')));
		$told = array_map(static function (array $issue) use ($people): array {
			return ['customer' => $people[$issue['customer']]] + $issue;
		}, $this->issuesTold(array_slice($issues, 0, Whole::LIMIT)));
		$program = $whole->program();
		$words = $this->words();
		$findings = [];

		foreach ($whole->findings() as $finding) {
			$kind = str_replace('.', '_', $finding['kind']);
			$findings[] = [
				'message' => $finding['message'],
				'about'   => $words['finding_' . $kind] ?? '',
				'at'      => $this->at($finding['first_at']),
				'href'    => preg_match('/customer (\d+)$/D', $finding['subject'], $found) ? $this->here('info', ['customer_id' => (int)$found[1]]) : ''
			];
		}

		return [
			'program'  => $program === null ? null : [
				'points'    => $this->number($program['points']),
				'worth'     => $this->paid($program['worth']),
				'orders'    => $this->number($program['orders']),
				'customers' => $this->number($program['customers'])
			],
			'runs'     => $this->other('activity'),
			'issues'   => $told,
			'more'     => count($issues) > Whole::LIMIT,
			'findings' => $findings
		];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function redemptionsData(): array {
		$before = (int)$this->get('before');
		[$rows, $next] = (new Redemptions($this->database()))->page($before);
		$told = $this->redemptionsTold($rows);
		$people = $this->people(array_column($told, 'customer'));

		foreach ($told as $place => $one) {
			$told[$place]['customer'] = $people[$one['customer']];
		}

		return [
			'redemptions' => $told,
			'panel'       => '#loyalty-redemptions',
			'whose'       => true,
			'newest'      => $before ? $this->here('redemptions') : '',
			'older'       => $next ? $this->here('redemptions', ['before' => $next]) : ''
		];
	}
}
