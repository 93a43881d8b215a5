// The page's words in the language of whoever reads it. English is what stands in the page; elements with data-say are
// ours and no article's, so their text, label, placeholder and tooltip are said in that language as they come; so are
// the dates of `time` elements.
(function () {
    'use strict';
    var given = __GIVEN__;                  // put here by the server: language, direction, words
    var HOLE = /\{\w+\}/g, ATTRIBUTES = ['aria-label', 'placeholder', 'title'];
    // What Gradio makes itself.
    var OURS = '[data-say], #new, #send, #stop, #question textarea, #question input, #question label span, .toast-text, .toast-message-text';
    // "{n} sources" as what "3 sources" is found by, the longest first.
    var patterns = Object.keys(given.words).filter(function (text) { return text.match(HOLE); })
        .sort(function (one, other) { return other.length - one.length; })
        .map(function (text) {
            var parts = text.split(HOLE).map(function (part) { return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'); });
            return [new RegExp('^' + parts.join('([\\s\\S]+)') + '$'), text.match(HOLE), given.words[text]];
        });

    // A text of ours, with a number or a name for its {n}.
    function say(text, name) {
        var said = given.words[text] || text;
        return name === undefined ? said : said.replace('{n}', function () { return name; });
    }
    // The same of a text that has its numbers and names already.
    function translated(text) {
        if (Object.hasOwn(given.words, text)) { return given.words[text]; }
        var ago = /^(\d+) (day|hour|minute)s? ago$/.exec(text);
        if (ago) { return new Intl.RelativeTimeFormat(given.language).format(-ago[1], ago[2]); }
        for (var place = 0; place < patterns.length; place += 1) {
            var found = patterns[place][0].exec(text), names = patterns[place][1];
            if (found) { return patterns[place][2].replace(HOLE, function (name) { return found[1 + names.indexOf(name)]; }); }
        }
        return text;
    }
    window.articleSay = say;

    function dated(element) {
        var date = new Date(element.getAttribute('datetime').slice(0, 10));
        var said = isNaN(date) ? '' : date.toLocaleDateString(given.language, { dateStyle: 'long', timeZone: 'UTC' });
        if (said && said !== element.textContent) { element.textContent = said; }
    }
    function put(element) {
        if (element.matches('time[datetime]')) { dated(element); }
        if (element.lang) { element.lang = given.language; }
        element.childNodes.forEach(function (node) {
            var text = node.nodeType === Node.TEXT_NODE ? node.data.replace(/\s+/g, ' ').trim() : '';
            var said = text && translated(text);
            if (said && said !== text) { node.data = node.data.replace(/^(\s*)[\s\S]*?(\s*)$/, function (_, before, after) { return before + said + after; }); }
        });
        ATTRIBUTES.forEach(function (name) {
            var text = element.getAttribute(name), said = text && translated(text);
            if (said && said !== text) { element.setAttribute(name, said); }
        });
    }
    function all(root) {
        if (root.nodeType === Node.TEXT_NODE) { root = root.parentElement; }
        if (!(root instanceof Element)) { return; }
        if (root.matches(OURS)) { put(root); }
        root.querySelectorAll(OURS).forEach(put);
    }
    // Gradio says that the page is in the browser's language, whatever language its words are in.
    function speak() {
        var root = document.documentElement;
        if (root.lang !== given.language) { root.lang = given.language; }
        if (root.dir !== given.direction) { root.dir = given.direction; }
        // What the style sheet says.
        [['--new', 'New'], ['--asked', 'You asked:'], ['--answered', 'The answer:'], ['--goes-on', 'The quote goes on.']].forEach(function (one) {
            root.style.setProperty(one[0], JSON.stringify(say(one[1])));
        });
    }
    speak();
    document.documentElement.classList.toggle('alone', window.top === window.self);
    new MutationObserver(speak).observe(document.documentElement, { attributes: true, attributeFilter: ['lang', 'dir'] });
    if (given.language !== 'en') {
        all(document.documentElement);
        new MutationObserver(function (changes) {
            changes.forEach(function (change) {
                if (change.type === 'childList') { change.addedNodes.forEach(all); } else { all(change.target); }
            });
        }).observe(document.documentElement, {
            childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES
        });
    }
}());
