<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * One customer's points, store credit and card, for the page of loyalty.
 */
trait LoyaltyCustomer {
	/** The page: GET customer_id. */
	public function info(): void {
		$head = $this->hasTables() ? $this->head() : null;

		if (!$head) {
			$this->show('nothing', ['text' => $this->hasTables() ? 'text_gone_here' : 'text_no_tables']);

			return;
		}

		$id = ['customer_id' => $head['id']];
		$pieces = [];

		foreach (['balance', 'redeemed', 'quoted', 'overruled', 'cards', 'credit'] as $piece) {
			$pieces[$piece] = $this->here($piece, $id);
		}

		foreach (['points', 'credit'] as $unit) {
			$pieces['lots_' . $unit] = $this->here('lots', $id + ['unit' => $unit]);
			$pieces['history_' . $unit] = $this->here('history', $id + ['unit' => $unit]);
		}

		$this->show('loyalty_customer', [
			'head'      => $head,
			'pieces'    => $pieces + ['coupons' => $this->here('coupons', $id)],
			'lots'      => $this->view('loyalty_lots', $this->lotsData('points')),
			'coupons'   => $this->view('loyalty_redemptions', $this->couponsData()),
			'overruled' => $this->view('loyalty_overruled', ['orders' => $this->account()->overruled(), 'customer_id' => $head['id']]),
			'cards'     => $this->view('loyalty_cards', $this->cardsData()),
			'credit'    => $this->view('loyalty_credit', $this->creditData()),
			'scripts'   => ['javascript/panels.js', 'javascript/loyalty.js', 'javascript/qr.js', 'javascript/barcode.js']
		], [$head['name'] => $this->here('info', $id)]);
	}

	/** What they have and their tier, as a piece: GET command, a points.show. */
	public function balance(): void {
		$told = $this->told('points.show');

		if (!$told) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$next = $told['next_expiry'];
		$this->piece('loyalty_balance', [
			'customer_id' => (int)$told['customer_id'],
			'available'   => $this->number($told['available']),
			'is_owed'     => (int)$told['available'] < 0,
			'worth'       => $this->paid($told['worth']),
			'pending'     => (int)$told['pending'] ? $this->number($told['pending']) : '',
			'next'        => $next ? ['points' => $this->number($next['points']), 'until' => $this->day($next['until'])] : null,
			'since'       => $this->day($told['member_since']),
			'tier'        => $told['tier'] ? $this->tierTold($told['tier']) : null
		]);
	}

	/** What it is made of, as a piece: GET customer_id, unit. */
	public function lots(): void {
		$this->piece('loyalty_lots', $this->lotsData($this->unit()));
	}

	/** What happened, as a piece: GET customer_id, unit, before. */
	public function history(): void {
		$unit = $this->unit();
		$before = (int)$this->get('before');
		$here = ['customer_id' => (int)$this->get('customer_id'), 'unit' => $unit];
		[$entries, $next] = $this->account()->entries($unit, $before);
		$this->piece('loyalty_history', [
			'entries' => $this->entriesTold($unit, $entries),
			'newest'  => $before ? $this->here('history', $here) : '',
			'older'   => $next ? $this->here('history', $here + ['before' => $next]) : ''
		]);
	}

	/** What points would become, as a piece: GET command, a points.quote. */
	public function quoted(): void {
		$told = $this->told('points.quote');
		$this->piece($told ? 'loyalty_quoted' : 'nothing', $told ? [
			'points' => $this->number($told['points']),
			'value'  => $this->paid($told['value']),
			'least'  => $this->paid($told['least_order']),
			'left'   => $this->number($told['available'])
		] : ['text' => 'text_untold']);
	}

	/** What points became, as a piece: GET command, a points.redeem. */
	public function redeemed(): void {
		$told = $this->told('points.redeem');
		$this->piece($told ? 'loyalty_redeemed' : 'nothing', $told ? [
			'points'  => $this->number($told['points']),
			'value'   => $this->paid($told['value']),
			'becomes' => $told['becomes'],
			'code'    => (string)$told['code'],
			'least'   => $this->paid($told['least_order']),
			'until'   => $this->day($told['until']),
			'left'    => $this->number($told['available'])
		] : ['text' => 'text_untold']);
	}

	/** Their redemptions, as a piece: GET customer_id, before. */
	public function coupons(): void {
		$this->piece('loyalty_redemptions', $this->couponsData());
	}

	/** Orders that earn nothing because somebody said so, as a piece: GET customer_id. */
	public function overruled(): void {
		$this->piece('loyalty_overruled', ['orders' => $this->account()->overruled(), 'customer_id' => (int)$this->get('customer_id')]);
	}

	/** Their cards, as a piece: GET customer_id. */
	public function cards(): void {
		$this->piece('loyalty_cards', $this->cardsData());
	}

	/** Their store credit, as a piece: GET customer_id. */
	public function credit(): void {
		$this->piece('loyalty_credit', $this->creditData());
	}

	/** Their card to be printed: GET customer_id. */
	public function card(): void {
		$head = $this->hasTables() ? $this->head() : null;
		$card = $head ? $this->account()->cards()[0] ?? null : null;

		if (!$card || $card['ended_at'] !== null) {
			$this->show('nothing', ['text' => 'text_gone_here']);

			return;
		}

		$tier = $this->database()->row('SELECT `tier` FROM {sidecar_tier} WHERE `customer_id` = ?', [$head['id']]);
		$this->piece('loyalty_card', [
			'store'   => Text::plain($this->config->get('config_name')),
			'name'    => $head['name'],
			'number'  => $card['number'],
			'shown'   => $this->cardNumber($card['number']),
			'tier'    => (string)($tier['tier'] ?? ''),
			'since'   => Text::at($card['issued_at'], $this->words()['format_day']),
			'lang'    => (string)$this->language->get('code'),
			'style'   => $this->asset('stylesheet/sidecar.css'),
			'scripts' => [$this->asset('javascript/qr.js'), $this->asset('javascript/barcode.js'), $this->asset('javascript/loyalty.js')]
		]);
	}

	private function account(): Account {
		return new Account($this->database(), (int)$this->get('customer_id'));
	}

	/** @return 'points'|'credit' */
	private function unit(): string {
		return $this->get('unit') === 'credit' ? 'credit' : 'points';
	}

	/**
	 * Who it is; null: the store has no such customer.
	 *
	 * @return ?array{id: int, name: string, email: string, href: string, form: string}
	 *   name: their number where the person may not see customers
	 */
	private function head(): ?array {
		$customer_id = (int)$this->get('customer_id');
		$row = $this->database()->row('SELECT `firstname`, `lastname`, `email` FROM {customer} WHERE `customer_id` = ?', [$customer_id]);

		if (!$row) {
			return null;
		}

		$native = $this->user->hasPermission('access', 'customer/customer');
		$may = $native || $this->maySee('customers');
		$name = trim(Text::plain($row['firstname']) . ' ' . Text::plain($row['lastname']));

		return [
			'id'    => $customer_id,
			'name'  => $may && $name !== '' ? $name : '#' . $customer_id,
			'email' => $may ? Text::plain($row['email']) : '',
			'href'  => $this->maySee('customers') ? $this->link(Bridge::route('customers') . '.info', ['customer_id' => $customer_id]) : '',
			'form'  => $native ? $this->link('customer/customer.form', ['customer_id' => $customer_id]) : ''
		];
	}

	/**
	 * A tier of an answer for people.
	 *
	 * @param array<string, mixed> $tier
	 *
	 * @return array<string, mixed>
	 */
	private function tierTold(array $tier): array {
		$is_money = $tier['metric'] === 'net spend';
		$show = function (string $amount) use ($is_money): string {
			return $is_money ? $this->paid($amount) : $this->rate($amount);
		};
		$counts = (int)Text::parts($tier['counts']);
		$missing = $tier['missing'] === null ? 0 : (int)Text::parts($tier['missing']);

		return [
			'name'    => (string)$tier['name'],
			'tiers'   => $tier['tiers'],
			'since'   => $this->day($tier['since']),
			'why'     => (string)$tier['why'],
			'lock'    => $tier['lock'] === null ? null : [
				'until'  => $this->day($tier['lock']['until']),
				'actor'  => Text::actor($tier['lock']['actor']),
				'reason' => (string)$tier['lock']['reason']
			],
			'metric'  => $is_money ? 'spend' : 'points',
			'counts'  => $show($tier['counts']),
			'next'    => (string)$tier['next_tier'],
			'missing' => $tier['missing'] === null ? '' : $show($tier['missing']),
			'percent' => $counts + $missing > 0 ? max(0, min(100, intdiv($counts * 100, $counts + $missing))) : 0,
			'then'    => (string)$tier['next_why']
		];
	}

	/**
	 * @param 'points'|'credit' $unit
	 *
	 * @return array<string, mixed>
	 */
	private function lotsData(string $unit): array {
		$lots = $this->account()->lots($unit);

		return ['lots' => $this->lotsTold($unit, $lots), 'more' => count($lots) > Account::LOTS, 'unit' => $unit];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function couponsData(): array {
		$before = (int)$this->get('before');
		$id = ['customer_id' => (int)$this->get('customer_id')];
		[$rows, $next] = (new Redemptions($this->database()))->ofCustomer($id['customer_id'], $before);

		return [
			'redemptions' => $this->redemptionsTold($rows),
			'panel'       => '#loyalty-coupons',
			'whose'       => false,
			'newest'      => $before ? $this->here('coupons', $id) : '',
			'older'       => $next ? $this->here('coupons', $id + ['before' => $next]) : ''
		];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function cardsData(): array {
		$customer_id = (int)$this->get('customer_id');
		$holding = null;
		$ended = [];

		foreach ($this->account()->cards() as $card) {
			$told = [
				'number' => $card['number'],
				'shown'  => $this->cardNumber($card['number']),
				'issued' => Text::at($card['issued_at'], $this->words()['format_day']),
				'ended'  => Text::at($card['ended_at'], $this->words()['format_day']),
				'actor'  => Text::actor($card['actor']),
				'reason' => (string)$card['reason']
			];

			if ($card['ended_at'] === null) {
				$holding = $told;
			} else {
				$ended[] = $told;
			}
		}

		return ['customer_id' => $customer_id, 'card' => $holding, 'ended' => $ended, 'print' => $this->here('card', ['customer_id' => $customer_id])];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function creditData(): array {
		$account = $this->account();
		$available = $account->balance('credit')['available'];

		return [
			'customer_id' => (int)$this->get('customer_id'),
			'available'   => $this->exact($available),
			'is_owed'     => (int)$available < 0,
			'issues'      => $this->issuesTold($account->issues()),
			'panel'       => '#loyalty-credit'
		];
	}
}
