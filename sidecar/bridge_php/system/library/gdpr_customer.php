<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * One customer's rights, requests and consents, and a guest's consents. For the page of privacy.
 */
trait GdprCustomer {
	/** The page: GET customer_id. */
	public function customer(): void {
		$customer = new Customer($this->database(), new Vocabulary($this->database(), (int)$this->config->get('config_language_id')), (int)$this->get('customer_id'));
		$head = $this->hasTables() ? $customer->head() : null;

		if (!$head) {
			$this->show('nothing', ['text' => $this->hasTables() ? 'text_nobody' : 'text_no_tables']);

			return;
		}

		$name = $head['name'] !== '' ? $head['name'] : $head['email'];
		$id = ['customer_id' => $head['customer_id']];
		$this->show('gdpr_customer', [
			'head'      => $head,
			'page'      => $this->maySee('customers') ? $this->link(Bridge::route('customers') . '.info', $id) : '',
			'rights'    => $this->view('gdpr_rights', $this->rightsData($customer, $head['customer_id'])),
			'refresh'   => $this->here('rights', $id),
			'consented' => $this->here('consented', $id),
			'channels'  => array_merge(self::ADDRESS_CHANNELS, ['cookie', 'processing']),
			'evidences' => self::EVIDENCES,
			'scripts'   => ['javascript/panels.js', 'javascript/gdpr.js']
		], [$name => $this->here('customer', $id)]);
	}

	/** What a customer claims, and their requests, as a piece: GET customer_id. */
	public function rights(): void {
		$customer_id = (int)$this->get('customer_id');
		$customer = new Customer($this->database(), new Vocabulary($this->database(), 0), $customer_id);
		$this->piece('gdpr_rights', $this->rightsData($customer, $customer_id));
	}

	/** Somebody's consents, as a piece: GET command, a consent.show, and perhaps customer_id: only theirs. */
	public function consented(): void {
		$told = $this->answered('consent.show');
		$only = $this->get('customer_id');
		$customer_id = (int)($told['customer_id'] ?? 0);
		// A guest is known by nothing but the address that was asked for.
		$guest = $customer_id ? '' : (string)($this->commands()->parameters((int)$this->get('command'), $this->actor())['customer'] ?? '');
		$stores = $this->stores();
		$consents = [];

		foreach ($told['consents'] ?? [] as $one) {
			$consents[] = [
				'channel'  => $one['channel'],
				'text'     => $this->word('channel_', $one['channel']),
				'purpose'  => $one['purpose'],
				'store_id' => (string)$one['store_id'],
				'store'    => $stores[$one['store_id']] ?? '#' . $one['store_id'],
				'state'    => $one['state'],
				'says'     => $this->word('state_of_', $one['state']),
				'since'    => $this->shown()->time($one['since'])
			];
		}

		$suppressed = array_map(function (array $one): string {
			return sprintf($this->words()['text_suppressed'], $this->word('channel_', $one['channel']), $this->word('state_of_', $one['reason']), $this->shown()->time($one['since']));
		}, $told['suppressed'] ?? []);

		$this->piece('gdpr_consented', [
			'known'      => isset($told['consents']) && ($only === '' || $customer_id === (int)$only),
			'customer'   => $customer_id ?: $guest,
			'guest'      => $guest,
			'page'       => $only === '' && $customer_id ? $this->here('customer', ['customer_id' => $customer_id]) : '',
			'consents'   => $consents,
			'suppressed' => $suppressed,
			'history'    => array_map(function (array $row) use ($stores): array {
				return $this->saying($row, $stores);
			}, array_reverse($told['history'] ?? []))
		]);
	}

	/**
	 * @return array<string, mixed>
	 */
	private function rightsData(Customer $customer, int $customer_id): array {
		$rights = [];

		foreach ($customer->restrictions() as $one) {
			$rights[$one['kind']] = ['since' => $this->at($one['since']), 'until' => $this->lastDay($one['until'])] + $one;
		}

		return [
			'customer' => $customer_id,
			'rights'   => $rights,
			'requests' => array_map([$this, 'told'], (new DataRequests($this->database()))->ofCustomer($customer_id)),
			'tomorrow' => date('Y-m-d', time() + 86400)
		];
	}

	/**
	 * One entry of the chain of consents.
	 *
	 * @param array<string, mixed> $row
	 * @param array<int, string>   $stores
	 *
	 * @return array<string, mixed>
	 */
	private function saying(array $row, array $stores): array {
		$evidence = [];

		foreach (['address', 'ip', 'user_agent', 'locale'] as $name) {
			if ((string)($row[$name] ?? '') !== '') {
				$evidence[] = $this->words()['entry_' . $name] . ': ' . $row[$name];
			}
		}

		return [
			'at'       => $this->shown()->time($row['at']),
			'noted'    => $row['noted_at'] === $row['at'] ? '' : $this->shown()->time($row['noted_at']),
			'what'     => $this->word('channel_', $row['channel']) . ', ' . $row['purpose'],
			'store'    => count($stores) > 1 ? $stores[$row['store_id']] ?? '#' . $row['store_id'] : '',
			'state'    => $row['state'],
			'says'     => $this->word('state_of_', $row['state']),
			'source'   => $this->word('source_', $row['source']),
			'proof'    => (string)$row['evidence'] === '' || $row['evidence'] === 'none' ? '' : $this->word('evidence_', $row['evidence']),
			'evidence' => $evidence,
			'words'    => (string)$row['words'],
			'wording'  => (string)($row['wording_text'] ?? ''),
			'actor'    => Text::actor((string)$row['actor'])
		];
	}

	/**
	 * @return array<int, string> names of the stores by id
	 */
	private function stores(): array {
		$stores = [0 => Text::plain((string)$this->config->get('config_name'))];

		foreach ($this->database()->rows('SELECT `store_id`, `name` FROM {store} ORDER BY `store_id`') as $row) {
			$stores[(int)$row['store_id']] = Text::plain($row['name']);
		}

		return $stores;
	}
}
