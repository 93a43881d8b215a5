// The page's words in the language of whoever reads it. English is what stands in the page; elements with data-say are
// ours and no article's, so their text, label, placeholder and tooltip are said in that language as they come.
(function () {
    'use strict';
    var given = __GIVEN__;                  // put here by the server: language, direction, words
    var HOLE = '{n}', ATTRIBUTES = ['aria-label', 'placeholder', 'title'];
    // What Gradio makes itself.
    var OURS = '[data-say], #new, #send, #stop, #question textarea, #question input, #question label span';
    // "{n} sources" as what "3 sources" is found by, the longest first.
    var patterns = Object.keys(given.words).filter(function (text) { return text.includes(HOLE); })
        .sort(function (one, other) { return other.length - one.length; })
        .map(function (text) {
            var parts = text.split(HOLE).map(function (part) { return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'); });
            return [new RegExp('^' + parts.join('([\\s\\S]+)') + '$'), given.words[text]];
        });

    // A text of ours, with a number or a name for its {n}.
    function say(text, name) {
        var said = given.words[text] || text;
        return name === undefined ? said : said.replace(HOLE, function () { return name; });
    }
    // The same of a text that has its number or name already.
    function translated(text) {
        if (Object.hasOwn(given.words, text)) { return given.words[text]; }
        for (var place = 0; place < patterns.length; place += 1) {
            var found = patterns[place][0].exec(text);
            if (found) { return patterns[place][1].replace(HOLE, function () { return found[1]; }); }
        }
        return text;
    }
    window.articleSay = say;

    function put(element) {
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
        root.style.setProperty('--new', JSON.stringify(say('New')));
    }
    speak();
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
