// What the page does beyond Gradio: opens and closes the article, keeps the newest words in view, and
// brings the focus back to where it belongs. No framework.
(function () {
    'use strict';
    var opener = null;                      // id of the link that opened the article
    var quotes = [], at = 0;                // links to all quotes of its answer, and the place of the one that is shown

    function reading() { return document.getElementById('reading'); }
    function box() { return document.querySelector('#question textarea, #question input'); }
    // Whether the article covers the conversation, as the style sheets have it.
    function isCovered() { return getComputedStyle(document.getElementById('pane')).position === 'fixed'; }

    // On a narrow screen, or in a frame, the article covers everything, and Tab must not wander beneath it.
    function cover(covered) {
        ['talk', 'shelf'].forEach(function (id) { document.getElementById(id).inert = covered; });
    }

    function isTouched() { return window.matchMedia('(pointer: coarse)').matches; }

    // The cards beside the conversation are those of the answer whose mark was followed.
    function shelve(turn) {
        var cards = turn && turn.querySelector('.evidence .cards'), shelved = document.querySelector('#shelf .cards');
        if (!cards || !shelved) { return; }
        var copy = cards.cloneNode(true);
        copy.querySelectorAll('[id]').forEach(function (link) { link.id = 'shelf-' + link.id; });
        shelved.replaceWith(copy);
        document.querySelector('#shelf h2').textContent = window.articleSay(copy.matches('.near') ? 'Nearest passages' : 'Sources');
    }

    // What a mark rests on, while it is pointed at or has the focus: its card beside the conversation stands out, and
    // where none is in view, one shows at the mark.
    function cardOf(mark, where) {
        var link = where && Array.from(where.querySelectorAll('.card .links a')).find(function (one) {
            return one.getAttribute('href') === mark.getAttribute('href');
        });
        return link && link.closest('.card');
    }
    function peek(mark) {
        unpeek();
        var beside = cardOf(mark, document.getElementById('shelf')), card = cardOf(mark, mark.closest('.turn'));
        if (beside && beside.offsetParent) {
            beside.classList.add('lit');
            beside.scrollIntoView({ block: 'nearest' });
        } else if (card) {
            var shown = document.createElement('div'), place = mark.getBoundingClientRect();
            shown.id = 'peek';
            shown.className = 'card';
            shown.setAttribute('role', 'tooltip');
            shown.append.apply(shown, Array.from(card.children, function (part) { return part.cloneNode(true); }));
            shown.querySelector('.links').remove();
            document.getElementById('talk').append(shown);
            var box = shown.getBoundingClientRect(), below = place.bottom + 6 + box.height < window.innerHeight;
            shown.style.left = Math.max(8, Math.min(place.left - 12, window.innerWidth - box.width - 8)) + 'px';
            shown.style.top = (below ? place.bottom + 6 : Math.max(8, place.top - 6 - box.height)) + 'px';
            mark.setAttribute('aria-describedby', 'peek');
        }
    }
    function unpeek() {
        var shown = document.getElementById('peek');
        document.querySelectorAll('.lit').forEach(function (card) { card.classList.remove('lit'); });
        document.querySelectorAll('[aria-describedby=peek]').forEach(function (mark) { mark.removeAttribute('aria-describedby'); });
        if (shown) { shown.remove(); }
        return Boolean(shown);
    }
    function pointed(event) {
        var within = event.target instanceof Element && event.target.closest('a.mark, #peek');
        if (event.pointerType !== 'mouse' || within === pointed.at) { return; }
        pointed.at = within;
        clearTimeout(pointed.timer);
        // A moment to reach the card itself, as it may have to be scrolled.
        pointed.timer = setTimeout(function () {
            if (!within) { unpeek(); } else if (within.matches('.mark')) { peek(within); }
        }, 150);
    }
    document.addEventListener('pointerover', pointed);
    document.addEventListener('focusin', function (event) {
        if (event.target.matches('a.mark:focus-visible')) { peek(event.target); } else { unpeek(); }
    });
    document.addEventListener('scroll', function (event) { if (event.target.id === 'log') { unpeek(); } }, true);

    function open(link) {
        var pane = reading();
        if (!pane) { return; }
        shelve(link.closest('.turn'));
        unpeek();
        opener = link.id;
        // Back closes the article, as on a phone one expects of what covers the page.
        if (pane.hidden) { window.history.pushState({ article: true }, ''); }
        pane.hidden = false;
        document.body.classList.add('reading');
        var around = link.closest('.turn') || document.getElementById('shelf');
        quotes = Array.from(around.querySelectorAll('.cards .links a[target=article]'));
        at = Math.max(quotes.findIndex(function (one) { return one.getAttribute('href') === link.getAttribute('href'); }), 0);
        name(link);
        cover(isCovered());
        // The article comes by the link itself, into the frame it names; here only the place is made.
        document.getElementById('close-article').focus({ preventScroll: !isCovered() });
    }

    function name(link) {
        reading().querySelector('h2').textContent = link.getAttribute('data-title') || window.articleSay('Article');
        reading().querySelector('.steps').hidden = quotes.length < 2;
        reading().querySelector('.at').textContent = (at + 1) + ' / ' + quotes.length;
    }

    // The next or the previous quote of the same answer, in the same article or another; Back is not to lead to each.
    function step(by) {
        at = (at + by + quotes.length) % quotes.length;
        reading().querySelector('iframe').contentWindow.location.replace(quotes[at].href);
        name(quotes[at]);
    }

    function close(left) {
        var pane = reading();
        if (!pane || pane.hidden) { return false; }
        if (!left && window.history.state && window.history.state.article) { window.history.back(); }
        pane.hidden = true;
        document.body.classList.remove('reading');
        cover(false);
        pane.querySelector('iframe').src = 'about:blank';
        var back = opener && document.getElementById(opener);
        opener = null;
        (back && back.offsetParent ? back : box()).focus();
        unpeek();                           // who comes back has just seen it
        measure();
        return true;
    }

    function onKey(event) {
        // One letter is a command only within the article, which nobody types in.
        var by = { n: 1, p: -1 }[event.key], within = event.target.ownerDocument !== document || event.target.closest('#reading');
        if (by && within && quotes.length > 1 && !event.ctrlKey && !event.metaKey && !event.altKey) { step(by); }
        if (event.key !== 'Escape' || event.isComposing) { return; }
        if (document.querySelector('dialog[open]') || unpeek()) { return; }
        if (close()) { event.preventDefault(); return; }
        if (document.querySelector('.log.writing')) { document.getElementById('stop').click(); }
    }

    document.addEventListener('keydown', onKey);
    window.addEventListener('popstate', function () { close(true); });
    window.addEventListener('resize', function () { if (opener) { cover(isCovered()); } });
    document.addEventListener('click', function (event) {
        var target = event.target instanceof Element ? event.target : null;
        if (!target) { return; }
        var link = target.closest('a[target="article"]');
        if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
            open(link);
        } else if (target.closest('[data-step]')) {
            step(Number(target.closest('[data-step]').dataset.step));
        } else if (target.closest('#close-article')) {
            close();
        } else if (target.closest('#send, #stop, #new, .example')) {
            if (target.closest('#new')) { close(); }
            if (box() && !isTouched()) { box().focus({ preventScroll: true }); }
        }
    });

    // Keys pressed inside the article reach only its own document; ours is on the same origin.
    document.addEventListener('load', function (event) {
        if (event.target instanceof HTMLIFrameElement && event.target.name === 'article') {
            var inner = event.target.contentDocument;
            if (!inner) { return; }         // a foreign page, by a link in the article
            inner.addEventListener('keydown', onKey);
            inner.documentElement.classList.add(document.body.classList.contains('dark') ? 'dark' : 'light');
        }
    }, true);

    // Where nothing comes near a question, others are offered that the articles answer.
    function offer(log) {
        var known = Array.from(document.querySelectorAll('#start .example'), function (one) { return one.dataset.ask; });
        log.querySelectorAll('.instead[hidden]').forEach(function (place) {
            place.hidden = !known.length;
            known.slice(0, 3).forEach(function (question) {
                var item = document.createElement('li'), button = document.createElement('button');
                button.type = 'button';
                button.className = 'example';
                button.dir = 'auto';
                button.dataset.ask = button.textContent = question;
                item.append(button);
                place.querySelector('ul').append(item);
            });
        });
    }

    // Places for questions that may still come hold their shape meanwhile; what does not come gives them up.
    var LOOKED = 700, MOST_LOOKS = 60;      // milliseconds between two looks
    function awaitOffers(looks) {
        var coming = document.querySelectorAll('#start .coming');
        if (!coming.length && looks > 2) { return; }
        if (looks === MOST_LOOKS) { coming.forEach(function (place) { place.remove(); }); return; }
        var offer = document.getElementById('offer');      // which Gradio may not have made yet
        if (looks && coming.length && offer && !document.hidden && !document.activeElement.closest('#start')) { offer.click(); }
        setTimeout(function () { awaitOffers(looks + !document.hidden); }, LOOKED);
    }

    // A quote that is longer than its card says that it goes on.
    function measure() {
        document.querySelectorAll('.card blockquote').forEach(function (quote) {
            var left = quote.scrollHeight - quote.clientHeight - quote.scrollTop;
            quote.parentElement.classList.toggle('goes-on', left > 8);
        });
    }
    document.addEventListener('toggle', measure, true);
    document.addEventListener('scroll', function (event) {
        if (event.target instanceof Element && event.target.matches('.card blockquote')) { measure(); }
    }, true);
    window.addEventListener('resize', measure);

    // On paper an answer has its sources open.
    window.addEventListener('beforeprint', function () {
        document.querySelectorAll('#log .evidence:not([open])').forEach(function (some) {
            some.open = true;
            some.dataset.printed = '';
        });
    });
    window.addEventListener('afterprint', function () {
        document.querySelectorAll('#log [data-printed]').forEach(function (some) {
            some.open = false;
            delete some.dataset.printed;
        });
    });

    // A new question is brought into view, and its answer followed, unless the reader has scrolled away.
    var follows = true, count = 0;
    function attend(log) {
        log.addEventListener('scroll', function () {
            follows = log.scrollTop + log.clientHeight >= log.scrollHeight - 80;
        }, { passive: true });
        new MutationObserver(function () {
            var turns = log.querySelectorAll('.turn').length;
            document.body.classList.toggle('talking', turns > 0);
            if (turns > count) { follows = true; }
            count = turns;
            offer(log);
            follow();
        }).observe(log, { childList: true, subtree: true, characterData: true });
        // So it is where the row above the box opens, or the box grows.
        new ResizeObserver(follow).observe(log);
        function follow() { if (follows) { log.scrollTop = log.scrollHeight; } }
    }
    // Gradio builds the page before this script comes or after.
    (function begin() {
        var log = document.querySelector('#log');
        if (!log || !box()) { setTimeout(begin, 20); return; }
        attend(log);
        awaitOffers(0);
        new MutationObserver(measure).observe(document.getElementById('room'), { childList: true, subtree: true });
        // In a frame the focus is the wiki's until the reader comes here; and where fingers type, it would
        // bring up the keyboard over half the page.
        function focusBox() {
            if (document.hasFocus() && document.activeElement === document.body && !isTouched()) { box().focus(); }
        }
        focusBox();
        window.addEventListener('focus', focusBox);
    }());
}());
