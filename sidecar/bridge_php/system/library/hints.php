<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Hints: which customer was changed, and by whom, for the daemon to look at.
 *
 * The tables are the truth: a hint that is lost costs time, not correctness.
 */
class Hints {
	/**
	 * Methods of the admin's models: when it is told, as what, and what says whose it is (see `whose`).
	 */
	public const ADMIN = [
		'customer/customer/addCustomer'                => ['after', 'customer.add', 'result'],
		'customer/customer/editCustomer'               => ['after', 'customer.edit', 'customer'],
		'customer/customer/deleteCustomer'             => ['after', 'customer.delete', 'customer'],
		'customer/customer/addAddress'                 => ['after', 'address.add', 'customer'],
		'customer/customer/editAddress'                => ['after', 'address.edit', 'customer'],
		'customer/customer/deleteAddresses'            => ['after', 'address.delete', 'customer'],
		'customer/customer/addHistory'                 => ['after', 'history.add', 'customer'],
		'customer/customer/addTransaction'             => ['after', 'credit.add', 'customer'],
		'customer/customer/deleteTransactions'         => ['after', 'credit.delete', 'customer'],
		'customer/customer/deleteTransactionByOrderId' => ['after', 'credit.delete', 'order'],
		'customer/customer/deleteTransactionsByOrderId' => ['after', 'credit.delete', 'order'],
		'customer/customer/addReward'                  => ['after', 'points.add', 'customer'],
		'customer/customer/deleteRewards'              => ['after', 'points.delete', 'customer'],
		'customer/customer/deleteReward'               => ['after', 'points.delete', 'order'],
		'customer/customer/deleteRewardsByOrderId'     => ['after', 'points.delete', 'order'],
		'customer/customer_approval/approveCustomer'   => ['after', 'approval.approve', 'customer'],
		'customer/customer_approval/denyCustomer'      => ['after', 'approval.deny', 'customer'],
		'customer/customer_approval/approveAffiliate'  => ['after', 'affiliate.approve', 'customer'],
		'customer/customer_approval/denyAffiliate'     => ['after', 'affiliate.deny', 'customer'],
		'sale/order/deleteOrder'                       => ['before', 'order.delete', 'order'],
		'sale/returns/addReturn'                       => ['after', 'return.add', 'row'],
		'sale/returns/editReturn'                      => ['after', 'return.edit', 'return'],
		'sale/returns/deleteReturn'                    => ['before', 'return.delete', 'return'],
		'sale/returns/addHistory'                      => ['after', 'return.history', 'return']
	];

	/**
	 * The same of the storefront's models, which the admin too uses for orders.
	 */
	public const STOREFRONT = [
		'account/customer/addCustomer'                => ['after', 'customer.add', 'result'],
		'account/customer/editCustomer'               => ['after', 'customer.edit', 'customer'],
		'account/customer/editNewsletter'             => ['after', 'customer.newsletter', 'self'],
		'account/customer/deleteCustomer'             => ['after', 'customer.delete', 'customer'],
		'account/customer/addLogin'                   => ['after', 'customer.login', 'customer'],
		'account/customer/addTransaction'             => ['after', 'credit.add', 'customer'],
		'account/customer/deleteTransactionByOrderId' => ['after', 'credit.delete', 'order'],
		'account/address/addAddress'                  => ['after', 'address.add', 'customer'],
		'account/address/editAddress'                 => ['after', 'address.edit', 'self'],
		'account/address/deleteAddress'               => ['after', 'address.delete', 'self'],
		'account/address/deleteAddresses'             => ['after', 'address.delete', 'self'],
		'account/affiliate/addAffiliate'              => ['after', 'affiliate.add', 'customer'],
		'account/affiliate/editAffiliate'             => ['after', 'affiliate.edit', 'customer'],
		'account/gdpr/addGdpr'                        => ['after', 'gdpr.add', 'email'],
		'account/returns/addReturn'                   => ['after', 'return.add', 'self'],
		'account/reward/addReward'                    => ['after', 'points.add', 'customer'],
		'account/reward/deleteRewards'                => ['after', 'points.delete', 'customer'],
		'account/reward/deleteRewardsByOrderId'       => ['after', 'points.delete', 'order'],
		'account/transaction/addTransaction'          => ['after', 'credit.add', 'customer'],
		'account/transaction/deleteTransactions'      => ['after', 'credit.delete', 'customer'],
		'account/transaction/deleteTransactionsByOrderId' => ['after', 'credit.delete', 'order'],
		'catalog/review/addReview'                    => ['after', 'review.add', 'self'],
		'checkout/order/addOrder'                     => ['after', 'order.add', 'row'],
		'checkout/order/editOrder'                    => ['after', 'order.edit', 'order'],
		'checkout/order/deleteOrder'                  => ['before', 'order.delete', 'order'],
		'checkout/order/addHistory'                   => ['after', 'order.history', 'order']
	];

	/** What saves the group and the newsletter flag: only of these is it told who did it. */
	private const SAVES = ['customer.add', 'customer.edit'];

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * What events the methods of *hints* are; `?` stands for what is before a method's name.
	 *
	 * @param array<string, array{string, string, string}> $hints
	 *
	 * @return list<string>
	 */
	public static function triggers(array $hints): array {
		$triggers = [];

		foreach ($hints as $method => $hint) {
			$place = (int)strrpos($method, '/');
			$triggers[] = 'model/' . substr($method, 0, $place) . '?' . substr($method, $place + 1) . '/' . $hint[0];
		}

		return $triggers;
	}

	/**
	 * Tell of an event, if it is one of *hints* and of a customer with an account.
	 *
	 * @param array<string, array{string, string, string}> $hints
	 * @param string             $route  of the method, as the event names it
	 * @param array<int, mixed>  $args   of the method
	 * @param mixed              $result of the method
	 * @param int                $self   the customer who is logged in; 0: nobody
	 * @param string             $actor  who did it, e.g. admin:anna; '': not known
	 */
	public function tell(array $hints, string $route, array $args, $result, int $self, string $actor = ''): void {
		// A modification of the store names its own copy of the model.
		$method = str_replace(['.', 'extension/ocmod/'], ['/', ''], $route);

		if (!isset($hints[$method])) {
			return;
		}

		[, $reason, $of] = $hints[$method];
		$customer_id = $this->whose($of, array_values($args), $result, $self);

		if ($customer_id > 0) {
			$this->database->add('sidecar_hint', [
				'customer_id' => $customer_id,
				'reason'      => $reason,
				'actor'       => $actor !== '' && in_array($reason, self::SAVES, true) ? mb_substr($actor, 0, 64) : null,
				'at'          => time()
			]);
		}
	}

	/**
	 * The customer; 0: nobody with an account.
	 *
	 * @param string            $of     result: what the method answers; customer, order, return: its first
	 *   argument; row: the customer_id of its first; email: its second; self: who is logged in
	 * @param array<int, mixed> $args
	 * @param mixed             $result
	 */
	private function whose(string $of, array $args, $result, int $self): int {
		switch ($of) {
			case 'result':
				return (int)$result;
			case 'customer':
				return (int)$args[0];
			case 'row':
				return (int)($args[0]['customer_id'] ?? 0);
			case 'order':
				return (int)$this->database->value('SELECT `customer_id` FROM {order} WHERE `order_id` = ?', [(int)$args[0]]);
			case 'return':
				return (int)$this->database->value('SELECT `customer_id` FROM {return} WHERE `return_id` = ?', [(int)$args[0]]);
			case 'email':
				return (int)$this->database->value('SELECT `customer_id` FROM {customer} WHERE `email` = ? LIMIT 1', [(string)$args[1]]);
			default:
				return $self;
		}
	}
}
