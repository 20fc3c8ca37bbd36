<?php
namespace Opencart\Catalog\Controller\Extension\Sidecar\Event;

use Opencart\System\Library\Extension\Sidecar\Database;
use Opencart\System\Library\Extension\Sidecar\Hints;

/**
 * Tells the daemon what happens in the storefront.
 *
 * The handler returns nothing and lets no exception out. OpenCart 4.0 lets visitors ask for any
 * public method by a URL: without the event's own arguments it does nothing.
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
}
