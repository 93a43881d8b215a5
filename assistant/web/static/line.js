// A question that is asked while another one is answered waits in line, is seen to wait, and can be taken back. One
// that the server does not take up at once is said to be on its way.
(function () {
    'use strict';
    function say(text, name) { return window.articleSay(text, name); }
    var SIGN = 100, SLOW = 3000;            // milliseconds until a question is seen to be on its way, and said to be slow
    var line = [], sent = null;
    window.articleAssistant = window.articleAssistant || {};
    // Until a question is answered it is kept, so that the page that follows this one asks it: see history.js.
    function remember(question) { if (window.articleAssistant.remember) { window.articleAssistant.remember(question); } }

    function box() { return document.querySelector('#question textarea, #question input'); }
    function isBusy() { return Boolean(document.querySelector('#log .log[aria-busy=true]')); }
    function text(tag, words, name) {
        var element = document.createElement(tag);
        element.textContent = words;
        if (name) { element.className = name; }
        return element;
    }

    function draw() {
        var shown = document.getElementById('line');
        if (!shown) { return; }
        var late = sent && Date.now() - sent.at, rows = [];
        if (sent && late >= SIGN) {
            var word = late >= SLOW ? say('The server has not answered yet.') : say('On its way…');
            rows.push(row(sent.question, word));
        }
        line.forEach(function (question, place) {
            var item = row(question, say('Waits until the answer above is there.')), back = text('button', say('Take back'));
            back.type = 'button';
            back.addEventListener('click', function () {
                line.splice(place, 1);
                if (!box().value) { window.articleAssistant.fill(question); }
                draw();
            });
            item.append(back);
            rows.push(item);
        });
        var held = shown.contains(document.activeElement);
        shown.replaceChildren.apply(shown, rows);
        if (held) { (shown.querySelector('button') || box()).focus(); }
    }
    function row(question, word) {
        var item = document.createElement('li'), said = text('span', question, 'asked');
        said.dir = 'auto';
        item.append(said, text('span', word, 'word'));
        return item;
    }

    // Asked, by Enter or by the button: true where the question was put in line.
    function waits() {
        var question = box().value.trim();
        if (!question) { return false; }
        if (isBusy()) {
            line.push(question);
            window.articleAssistant.fill('');
            draw();
            return true;
        }
        remember(question);
        sent = { question: question, at: Date.now(), turns: document.querySelectorAll('#log .turn').length };
        setTimeout(draw, SIGN + 10);
        setTimeout(draw, SLOW + 10);
        return false;
    }
    document.addEventListener('keydown', function (event) {
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.target !== box()) { return; }
        if (waits()) { event.preventDefault(); event.stopImmediatePropagation(); }
    }, true);
    document.addEventListener('click', function (event) {
        var target = event.target instanceof Element ? event.target : null;
        if (!target) { return; }
        if (target.closest('#send') && waits()) { event.preventDefault(); event.stopImmediatePropagation(); }
        var offered = target.closest('[data-ask]');
        if (offered) {
            line.push(offered.getAttribute('data-ask'));
            if (isBusy() || sent) { draw(); } else { document.getElementById('next').click(); }
        }
        if (target.closest('#new')) {
            if (line.length && !box().value) { window.articleAssistant.fill(line[0]); }
            line = [];
            sent = null;
            remember('');
            draw();
        }
    }, true);

    // Gradio builds the page before this script comes or after.
    (function begin() {
        var log = document.querySelector('#log');
        if (!log || !document.getElementById('line')) { setTimeout(begin, 20); return; }
        window.articleAssistant.next = function () {
            var question = line.shift() || '';
            remember(question);
            draw();
            return question;
        };
        new MutationObserver(function () {
            // Gradio changes things around the conversation as soon as it has sent something.
            if (sent && (isBusy() || log.querySelectorAll('.turn').length > sent.turns)) { sent = null; draw(); }
            if (!sent && !isBusy()) { remember(''); }
            if (!line.length || isBusy() || sent) { return; }
            sent = { question: line[0], at: Date.now(), turns: log.querySelectorAll('.turn').length };
            document.getElementById('next').click();
        }).observe(log, { childList: true, subtree: true, attributes: true, attributeFilter: ['aria-busy'] });
    }());
}());
