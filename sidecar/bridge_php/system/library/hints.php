<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Hints: which customer was changed, and by whom, for the daemon to look at.
 *
 * The tables are the truth: a hint that is lost costs time, not correctness.
 */
class Hints {
	/**
	 * What the handlers follow: few and wide, because OpenCart holds each against everything that
	 * happens in a request. `?` stands for what is before a method's name. What is deleted must be
	 * seen before.
	 */
	public const ADMIN_EVENTS = [
		'model/customer/*/after',
		'model/sale/order?deleteOrder/before',
		'model/sale/returns?*/after',
		'model/sale/returns?deleteReturn/before'
	];

	/** The same of the storefront. */
	public const STOREFRONT_EVENTS = [
		'model/account/*/after',
		'model/catalog/review?addReview/after',
		'model/checkout/order?*/after',
		'model/checkout/order?deleteOrder/before'
	];

	/**
	 * Methods of the admin's models: as what they are told, and what says whose it is (see `whose`).
	 */
	public const ADMIN = [
		'customer/customer/addCustomer'                 => ['customer.add', 'result'],
		'customer/customer/editCustomer'                => ['customer.edit', 'customer'],
		'customer/customer/deleteCustomer'              => ['customer.delete', 'customer'],
		'customer/customer/addAddress'                  => ['address.add', 'customer'],
		'customer/customer/editAddress'                 => ['address.edit', 'customer'],
		'customer/customer/deleteAddresses'             => ['address.delete', 'customer'],
		'customer/customer/addHistory'                  => ['history.add', 'customer'],
		'customer/customer/addTransaction'              => ['credit.add', 'customer'],
		'customer/customer/deleteTransactions'          => ['credit.delete', 'customer'],
		'customer/customer/deleteTransactionByOrderId'  => ['credit.delete', 'order'],
		'customer/customer/deleteTransactionsByOrderId' => ['credit.delete', 'order'],
		'customer/customer/addReward'                   => ['points.add', 'customer'],
		'customer/customer/deleteRewards'               => ['points.delete', 'customer'],
		'customer/customer/deleteReward'                => ['points.delete', 'order'],
		'customer/customer/deleteRewardsByOrderId'      => ['points.delete', 'order'],
		'customer/customer_approval/approveCustomer'    => ['approval.approve', 'customer'],
		'customer/customer_approval/denyCustomer'       => ['approval.deny', 'customer'],
		'customer/customer_approval/approveAffiliate'   => ['affiliate.approve', 'customer'],
		'customer/customer_approval/denyAffiliate'      => ['affiliate.deny', 'customer'],
		'sale/order/deleteOrder'                        => ['order.delete', 'order'],
		'sale/returns/addReturn'                        => ['return.add', 'row'],
		'sale/returns/editReturn'                       => ['return.edit', 'return'],
		'sale/returns/deleteReturn'                     => ['return.delete', 'return'],
		'sale/returns/addHistory'                       => ['return.history', 'return']
	];

	/**
	 * The same of the storefront's models, which the admin too uses for orders.
	 */
	public const STOREFRONT = [
		'account/customer/addCustomer'                    => ['customer.add', 'result'],
		'account/customer/editCustomer'                   => ['customer.edit', 'customer'],
		'account/customer/editNewsletter'                 => ['customer.newsletter', 'self'],
		'account/customer/deleteCustomer'                 => ['customer.delete', 'customer'],
		'account/customer/addLogin'                       => ['customer.login', 'customer'],
		'account/customer/addTransaction'                 => ['credit.add', 'customer'],
		'account/customer/deleteTransactionByOrderId'     => ['credit.delete', 'order'],
		'account/address/addAddress'                      => ['address.add', 'customer'],
		'account/address/editAddress'                     => ['address.edit', 'self'],
		'account/address/deleteAddress'                   => ['address.delete', 'self'],
		'account/address/deleteAddresses'                 => ['address.delete', 'self'],
		'account/affiliate/addAffiliate'                  => ['affiliate.add', 'customer'],
		'account/affiliate/editAffiliate'                 => ['affiliate.edit', 'customer'],
		'account/gdpr/addGdpr'                            => ['gdpr.add', 'email'],
		'account/returns/addReturn'                       => ['return.add', 'self'],
		'account/reward/addReward'                        => ['points.add', 'customer'],
		'account/reward/deleteRewards'                    => ['points.delete', 'customer'],
		'account/reward/deleteRewardsByOrderId'           => ['points.delete', 'order'],
		'account/transaction/addTransaction'              => ['credit.add', 'customer'],
		'account/transaction/deleteTransactions'          => ['credit.delete', 'customer'],
		'account/transaction/deleteTransactionsByOrderId' => ['credit.delete', 'order'],
		'catalog/review/addReview'                        => ['review.add', 'self'],
		'checkout/order/addOrder'                         => ['order.add', 'row'],
		'checkout/order/editOrder'                        => ['order.edit', 'order'],
		'checkout/order/deleteOrder'                      => ['order.delete', 'order'],
		'checkout/order/addHistory'                       => ['order.history', 'order']
	];

	/** What saves the group and the newsletter flag: only of these is it told who did it. */
	private const SAVES = ['customer.add', 'customer.edit'];

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * Tell of an event, if it is one of *hints* and of a customer with an account.
	 *
	 * @param array<string, array{string, string}> $hints
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

		[$reason, $of] = $hints[$method];
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
