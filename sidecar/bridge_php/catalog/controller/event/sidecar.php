<?php
namespace Opencart\Catalog\Controller\Extension\Sidecar\Event;

use Opencart\System\Library\Extension\Sidecar\Database;
use Opencart\System\Library\Extension\Sidecar\Hints;
use Opencart\System\Library\Extension\Sidecar\Redemptions;

/**
 * Tells the daemon what happens in the storefront, and keeps a customer's coupon from others.
 *
 * The handlers return nothing and let no exception out. OpenCart 4.0 lets visitors ask for any
 * public method by a URL: without the event's own arguments they do nothing.
 *
 * @property \Opencart\System\Library\DB            $db
 * @property \Opencart\System\Library\Cart\Customer $customer
 */
class Sidecar extends \Opencart\System\Engine\Controller {
	/**
	 * Tell of a customer whom a method of the storefront's models changed.
	 *
	 * @param array<int, mixed> $args
	 * @param mixed             $output
	 */
	public function _hint(string &$route = '', array &$args = [], &$output = null): void {
		if ($route === '') {
			return;
		}

		try {
			(new Hints(new Database($this->db, DB_PREFIX)))->tell(Hints::STOREFRONT, $route, $args, $output, (int)$this->customer->getId());
		} catch (\Throwable $e) {
			// E.g. our tables are not there. What was done is done, and is found without a hint.
		}
	}

	/**
	 * Let a coupon that a customer's points became be unknown to everybody else.
	 *
	 * @param array<int, mixed> $args
	 * @param mixed             $output the coupon as the store found it; empty: it did not
	 */
	public function _coupon(string &$route = '', array &$args = [], &$output = null): void {
		if ($route === '') {
			return;
		}

		try {
			$code = is_array($output) ? $output['code'] ?? null : null;
			// As the store wrote it: however it was typed, the store has found this one.
			$owner = is_string($code) ? (new Redemptions(new Database($this->db, DB_PREFIX)))->owner($code) : null;

			if ($owner !== null && $owner !== (int)$this->customer->getId()) {
				$output = [];
			}
		} catch (\Throwable $e) {
			// E.g. our tables are not there: it is as the store says.
		}
	}
}
