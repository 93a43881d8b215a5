// Why an answer is that one: asked of the server when somebody wants to know, and shown in a dialog.
(function () {
    'use strict';
    function say(text, name) { return window.articleSay(text, name); }
    function made(tag, attributes, text) {
        var element = document.createElement(tag);
        Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
        element.textContent = text || '';
        return element;
    }

    function dialog() {
        var known = document.getElementById('why');
        if (known) { return known; }
        var made_ = made('dialog', { id: 'why', 'aria-labelledby': 'why-title' }), bar = made('div', { 'class': 'bar' });
        bar.append(made('h2', { id: 'why-title' }, say('Why this answer')), made('button', { type: 'button' }, say('Close')));
        bar.lastChild.addEventListener('click', function () { made_.close(); });
        made_.append(bar, made('div', { 'class': 'reasons', 'aria-live': 'polite', tabindex: '0' }));
        document.body.append(made_);
        return made_;
    }

    document.addEventListener('click', function (event) {
        var button = event.target instanceof Element && event.target.closest('[data-do=why]');
        if (!button) { return; }
        var shown = dialog(), body = shown.querySelector('.reasons');
        body.replaceChildren(made('p', { 'class': 'sum' }, say('Looking…')));
        shown.showModal();
        fetch('/conversation/why', {
            method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({
                conversation: window.articleAssistant.name(),
                question: button.closest('.turn').querySelector('.question').textContent
            })
        }).then(function (reply) {
            if (reply.ok) { return reply.text(); }
            return reply.json().then(function (said) { throw new Error(said.error.message); });
        }).then(function (html) { body.innerHTML = html; }, function (wrong) {
            body.replaceChildren(made('p', { 'class': 'sum' }, say(wrong.message || 'The server did not answer.')));
        });
    });
}());
