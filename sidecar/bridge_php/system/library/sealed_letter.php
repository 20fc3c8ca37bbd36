<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Something that the sidecar tells one browser only, though its answers stand in the database.
 *
 * A pair of keys is made for each: the sidecar encrypts for the public one, and the private one is
 * with the browser, not in the session, which OpenCart keeps in the same database.
 */
final class SealedLetter {
	/** For which the browser keeps the private key. */
	public const SECONDS = 120;

	private const BITS = 2048;

	/**
	 * A new pair.
	 *
	 * @return ?array{public: string, private: string} public: PEM; private: for `open`, without
	 *   characters that a cookie would escape; null: this PHP cannot make one
	 */
	public static function keys(): ?array {
		$pair = function_exists('openssl_pkey_new') ? @openssl_pkey_new(['private_key_bits' => self::BITS, 'private_key_type' => OPENSSL_KEYTYPE_RSA]) : false;

		if ($pair === false || !@openssl_pkey_export($pair, $pem)) {
			return null;
		}

		$lines = (string)preg_replace('/-----[^-]+-----|\s/', '', $pem);

		return ['public' => (string)openssl_pkey_get_details($pair)['key'], 'private' => strtr(rtrim($lines, '='), '+/', '-_')];
	}

	/**
	 * What was sealed; null: the key is another, or something is no base64.
	 *
	 * @param string $sealed  base64
	 * @param string $private as of `keys`
	 */
	public static function open(string $sealed, string $private): ?string {
		$letter = base64_decode($sealed, true);
		$lines = chunk_split(strtr($private, '-_', '+/') . str_repeat('=', (4 - strlen($private) % 4) % 4), 64, "\n");
		$key = @openssl_pkey_get_private("-----BEGIN PRIVATE KEY-----\n" . $lines . "-----END PRIVATE KEY-----\n");

		if ($letter === false || $key === false || !@openssl_private_decrypt($letter, $text, $key, OPENSSL_PKCS1_OAEP_PADDING)) {
			return null;
		}

		return $text;
	}
}
