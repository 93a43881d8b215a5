<?php
// Article assistant in this MediaWiki (tested with 1.39), as the person who reads it. Keep this file where only the
// web server reads it, and put one line at the end of LocalSettings.php:
//   require_once '/etc/article-assistant/mediawiki.php';

$wgArticleAssistant = [
	'chat' => '{{chat}}',
	'kid' => '{{kid}}',
	'algorithm' => '{{algorithm}}',
	// HS256: the secret of the assistant's identities. EdDSA: the 32 bytes (in base64) of the private key's seed.
	'secret_file' => '{{secret_file}}',
];

$wgAPIModules['articleassistant'] = 'ArticleAssistantToken';
$wgHooks['BeforePageDisplay'][] = static function ( $out ) {
	global $wgArticleAssistant;
	// Not where MediaWiki keeps the site's own scripts away: where passwords are typed.
	$allowed = $out->getAllowedModules( \MediaWiki\ResourceLoader\Module::TYPE_SCRIPTS );
	if ( $allowed < \MediaWiki\ResourceLoader\Module::ORIGIN_USER_SITEWIDE ) {
		return;
	}
	$token = wfAppendQuery( wfScript( 'api' ), [ 'action' => 'articleassistant', 'format' => 'json' ] );
	$out->addHeadItem( 'article-assistant', \Html::element( 'script', [
		'src' => $wgArticleAssistant['chat'] . '/widget.js',
		'data-token' => $out->getUser()->isAnon() ? false : $token,
		'nonce' => $out->getCSP()->getNonce(),
		'async' => true,
	] ) );
};

/** A token that says for five minutes who is logged in; nothing for guests and for who is blocked. */
class ArticleAssistantToken extends ApiBase {
	public function execute() {
		global $wgArticleAssistant;
		$user = $this->getUser();
		$this->getMain()->setCacheMode( 'private' );
		if ( $user->isAnon() ) {
			$this->dieWithError( 'apierror-mustbeloggedin-generic', 'notloggedin' );
		}
		$block = $user->getBlock();
		if ( $block && $block->isSitewide() ) {
			$this->dieBlocked( $block );
		}
		$groups = \MediaWiki\MediaWikiServices::getInstance()->getUserGroupManager()->getUserEffectiveGroups( $user );
		$now = time();
		$claims = [ 'sub' => $user->getName(), 'groups' => array_values( $groups ), 'aud' => $wgArticleAssistant['chat'],
			'iat' => $now, 'exp' => $now + 300 ];
		$this->getResult()->addValue( null, 'token', $this->sign( $claims, $wgArticleAssistant ) );
	}

	private function sign( array $claims, array $by ): string {
		$signed = $this->part( json_encode( [ 'alg' => $by['algorithm'], 'kid' => $by['kid'], 'typ' => 'JWT' ] ) )
			. '.' . $this->part( json_encode( $claims, JSON_UNESCAPED_UNICODE ) );
		$secret = trim( file_get_contents( $by['secret_file'] ) );
		if ( $by['algorithm'] === 'EdDSA' ) {
			$pair = sodium_crypto_sign_seed_keypair( base64_decode( $secret ) );
			return $signed . '.' . $this->part( sodium_crypto_sign_detached( $signed, sodium_crypto_sign_secretkey( $pair ) ) );
		}
		return $signed . '.' . $this->part( hash_hmac( 'sha256', $signed, $secret, true ) );
	}

	private function part( string $bytes ): string {
		return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' );
	}
}
