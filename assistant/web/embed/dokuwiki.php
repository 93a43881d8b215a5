<?php
// Article assistant in this DokuWiki (tested with 2022-07-31), as the person who reads it. This file is the whole plugin: put it into the wiki
// as lib/plugins/articleassistant/action.php.

class action_plugin_articleassistant extends DokuWiki_Action_Plugin
{
    const CHAT = '{{chat}}';
    const KID = '{{kid}}';
    const ALGORITHM = '{{algorithm}}';
    // HS256: the secret of the assistant's identities. EdDSA: the 32 bytes (in base64) of the private key's seed.
    const SECRET_FILE = '{{secret_file}}';

    public function register(Doku_Event_Handler $controller)
    {
        $controller->register_hook('TPL_METAHEADER_OUTPUT', 'BEFORE', $this, 'script');
        $controller->register_hook('AJAX_CALL_UNKNOWN', 'BEFORE', $this, 'answer');
    }

    /** The script on every page but those where passwords are typed. */
    public function script(Doku_Event $event)
    {
        global $ACT, $INPUT;
        if (in_array($ACT, ['login', 'register', 'resendpwd', 'profile', 'admin'], true)) {
            return;
        }
        $script = ['src' => self::CHAT . '/widget.js', 'async' => 'async', '_data' => ''];
        if ($INPUT->server->str('REMOTE_USER') !== '') {
            $script['data-token'] = DOKU_BASE . 'lib/exe/ajax.php?call=articleassistant';
        }
        $event->data['script'][] = $script;
    }

    /** A token that says for five minutes who is logged in; nothing for guests. */
    public function answer(Doku_Event $event)
    {
        global $INPUT, $USERINFO;
        if ($event->data !== 'articleassistant') {
            return;
        }
        $event->preventDefault();
        $event->stopPropagation();
        header('Content-Type: application/json');
        header('Cache-Control: no-store');
        $user = $INPUT->server->str('REMOTE_USER');
        if ($user === '') {
            http_status(401);
            return;
        }
        // As in the wiki's own rules: a group behind an @, and the user's own name.
        $groups = array_map(function ($group) { return "@$group"; }, $USERINFO['grps'] ?? []);
        $now = time();
        $claims = ['sub' => $user, 'groups' => array_merge($groups, [$user]), 'aud' => self::CHAT,
            'iat' => $now, 'exp' => $now + 300];
        echo json_encode(['token' => $this->sign($claims)]);
    }

    private function sign(array $claims)
    {
        $head = json_encode(['alg' => self::ALGORITHM, 'kid' => self::KID, 'typ' => 'JWT']);
        $signed = $this->part($head) . '.' . $this->part(json_encode($claims, JSON_UNESCAPED_UNICODE));
        $secret = trim(file_get_contents(self::SECRET_FILE));
        if (self::ALGORITHM === 'EdDSA') {
            $pair = sodium_crypto_sign_seed_keypair(base64_decode($secret));
            return $signed . '.' . $this->part(sodium_crypto_sign_detached($signed, sodium_crypto_sign_secretkey($pair)));
        }
        return $signed . '.' . $this->part(hash_hmac('sha256', $signed, $secret, true));
    }

    private function part($bytes)
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}
