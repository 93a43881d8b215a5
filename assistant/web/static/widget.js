// A button on a wiki's pages that opens the assistant. One line of HTML brings it:
//   <script src="https://chat.example/widget.js" async></script>
// or in MediaWiki:Common.js   mw.loader.load( 'https://chat.example/widget.js' );
// The attribute data-label changes the words on the button. ES5, because MediaWiki 1.39 checks scripts
// against it; styles through the DOM, because a Content-Security-Policy may forbid style attributes.
(function () {
    'use strict';
    var ID = 'article-assistant';
    var PATH = /^(https?:\/\/[^\/?#]+)\/widget\.js(?:[?#].*)?$/;

    // Whoever runs this text some other way than as a script element leaves no currentScript behind.
    function self() {
        var scripts = document.getElementsByTagName('script'), i;
        if (document.currentScript && PATH.test(document.currentScript.src)) { return document.currentScript; }
        for (i = scripts.length - 1; i >= 0; i -= 1) {
            if (PATH.test(scripts[i].src)) { return scripts[i]; }
        }
        return null;
    }

    var me = self();
    if (!me || window.top !== window.self || window.articleAssistant) { return; }
    window.articleAssistant = true;         // once a page, however often the line is in it
    var chat = PATH.exec(me.src)[1] + '/';
    var label = me.getAttribute('data-label') || 'Ask the articles';

    function style(element, rules) {
        var name;
        for (name in rules) {
            if (Object.prototype.hasOwnProperty.call(rules, name)) { element.style[name] = rules[name]; }
        }
    }

    function start() {
        var button = document.createElement('button'), frame = null, isOpen = false;

        function place() {
            // On a phone the chat takes the whole width above its button.
            var narrow = window.innerWidth < 520;
            style(frame, {
                right: narrow ? '0' : '20px', bottom: narrow ? '68px' : '80px',
                width: narrow ? '100vw' : 'min(440px, calc(100vw - 40px))',
                height: narrow ? 'calc(100vh - 76px)' : 'min(680px, calc(100vh - 100px))',
                borderRadius: narrow ? '14px 14px 0 0' : '14px'
            });
        }

        function show(wanted) {
            if (wanted && !frame) {         // the chat is loaded on first use only
                frame = document.createElement('iframe');
                frame.id = ID + '-frame';
                frame.title = label;
                frame.src = chat;
                style(frame, {
                    position: 'fixed', zIndex: '2147483000', border: '1px solid rgba(128,128,128,.35)',
                    background: 'transparent', boxShadow: '0 10px 40px rgba(0,0,0,.25)', boxSizing: 'border-box',
                    maxWidth: '100vw', colorScheme: 'normal'
                });
                place();
                document.body.appendChild(frame);
                window.addEventListener('resize', place);
            }
            isOpen = wanted;
            if (frame) { frame.style.display = wanted ? 'block' : 'none'; }
            button.setAttribute('aria-expanded', String(wanted));
            button.firstChild.nodeValue = wanted ? 'Close' : label;
            if (wanted) { frame.focus(); } else { button.focus(); }
        }

        button.id = ID + '-button';
        button.type = 'button';
        button.appendChild(document.createTextNode(label));
        button.setAttribute('aria-expanded', 'false');
        button.setAttribute('aria-controls', ID + '-frame');
        style(button, {
            position: 'fixed', right: '20px', bottom: '20px', zIndex: '2147483001', padding: '12px 20px', margin: '0',
            border: '0', borderRadius: '24px', cursor: 'pointer', color: '#fff', background: '#24548f',
            font: '600 15px/1.3 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif', width: 'auto', height: 'auto',
            boxShadow: '0 3px 14px rgba(0,0,0,.28)'
        });
        button.addEventListener('click', function () { show(!isOpen); });
        button.addEventListener('focus', function () {
            // The wiki's own style sheet may have taken the focus ring away.
            style(button, { outline: '3px solid #8db8ee', outlineOffset: '2px' });
        });
        button.addEventListener('blur', function () { button.style.outline = 'none'; });
        document.addEventListener('keydown', function (event) {
            if (isOpen && (event.key === 'Escape' || event.key === 'Esc')) { show(false); }
        });
        // Escape pressed inside the frame reaches only the chat, which passes it on.
        window.addEventListener('message', function (event) {
            if (isOpen && frame && event.source === frame.contentWindow && event.data === ID + ':close') { show(false); }
        });
        document.body.appendChild(button);
    }

    if (document.body) { start(); } else { document.addEventListener('DOMContentLoaded', start); }
}());
