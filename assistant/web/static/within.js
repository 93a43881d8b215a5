// Where to search: a source or a folder in it, a category, some days, or one article, whose title is completed behind an @.
(function () {
    'use strict';
    function say(text, name) { return window.articleSay(text, name); }
    var WAIT = 120;                         // milliseconds without a key before titles are looked up
    var timer = 0, asked = 0, active = -1;

    function box() { return document.querySelector('#question textarea, #question input'); }
    function row() { return document.getElementById('within'); }
    function form() { return row().querySelector('form'); }
    function list() { return document.getElementById('titles'); }
    function get(path) {
        return fetch(path).then(function (reply) { if (!reply.ok) { throw new Error(reply.status); } return reply.json(); });
    }

    // ------------------------------------------------------------------ what is chosen
    function values() {
        var from = form().elements;
        return { place: from.place.value, category: from.category.value.trim(), since: from.since.value, until: from.until.value };
    }
    function draw() {
        var now = values(), select = form().elements.place, name = select.selectedOptions[0].dataset.name || '';
        var parts = [now.place && name, now.category && say('category {n}', now.category),
            now.since && say('from {n}', now.since), now.until && say('to {n}', now.until)];
        var said = parts.filter(Boolean).join(', ');
        row().querySelector('.chosen').textContent = said ? say('Only: {n}', said) : say('All articles');
        row().querySelector('.everywhere').hidden = !said;
        row().classList.toggle('some', Boolean(said));
        if (said) { row().hidden = false; }
    }
    function everywhere() {
        form().reset();
        form().querySelectorAll('.article').forEach(function (option) { option.remove(); });
        draw();
    }
    function only(article, title) {
        form().querySelectorAll('.article').forEach(function (option) { option.remove(); });
        var option = new Option(title, article, false, true);
        option.className = 'article';
        option.dataset.name = title;
        form().elements.place.append(option);
        draw();
    }

    // The control is there only where something can be chosen.
    function offer(there) {
        var select = form().elements.place;
        there.places.forEach(function (one) {
            var depth = one.place.split('/').length - 1, name = one.place.split('/').pop();
            var option = new Option('\u00a0\u00a0'.repeat(depth) + name + ' (' + one.articles + ')', one.place);
            option.dataset.name = name;
            select.append(option);
        });
        document.getElementById('categories').replaceChildren.apply(document.getElementById('categories'),
            there.categories.map(function (one) { return new Option(one.articles, one.category); }));
        var dated = there.first !== there.last;
        form().querySelectorAll('.day').forEach(function (label) {
            var field = label.querySelector('input');
            label.hidden = !dated;
            field.min = there.first;
            field.max = there.last;
        });
        form().querySelector('.place').hidden = !there.places.length;
        form().querySelector('.category').hidden = !there.categories.length;
        row().hidden = !there.places.length && !there.categories.length && !dated;
    }

    // ------------------------------------------------------------------ titles behind an @
    function typed() {                      // what stands between an @ and the cursor, null for no @
        var field = box(), before = field.value.slice(0, field.selectionStart);
        var found = /(?:^|\s)@([^@\n]{0,60})$/.exec(before);
        return found ? found[1] : null;
    }
    function hide() {
        clearTimeout(timer);
        asked += 1;
        active = -1;
        if (!list() || list().hidden) { return; }
        list().hidden = true;
        list().replaceChildren();
        box().removeAttribute('aria-activedescendant');
        document.getElementById('titles-told').textContent = '';
    }
    function show(titles) {
        var rows = titles.map(function (one, place) {
            var item = document.createElement('li');
            item.id = 'title-' + place;
            item.dir = 'auto';
            item.dataset.article = one.article;
            item.textContent = one.title;
            item.setAttribute('role', 'option');
            item.setAttribute('aria-selected', 'false');
            return item;
        });
        if (!rows.length) { hide(); return; }
        list().replaceChildren.apply(list(), rows);
        list().hidden = false;
        document.getElementById('titles-told').textContent =
            say('{n} titles found; choose with the arrow keys and Enter', rows.length);
        step(1);
    }
    function step(by) {
        var rows = list().children;
        active = (active + by + rows.length) % rows.length;
        Array.from(rows).forEach(function (item, place) { item.setAttribute('aria-selected', String(place === active)); });
        rows[active].scrollIntoView({ block: 'nearest' });
        box().setAttribute('aria-activedescendant', rows[active].id);
    }
    function choose(item) {
        var field = box(), end = field.selectionStart, before = field.value.slice(0, end).replace(/@[^@\n]*$/, '');
        only(item.dataset.article, item.textContent);
        window.articleAssistant.fill((before + field.value.slice(end).replace(/^\s+/, '')));
        hide();
    }
    function look() {
        var words = typed();
        if (words === null) { hide(); return; }
        clearTimeout(timer);
        var mine = asked += 1;
        timer = setTimeout(function () {
            get('/titles?q=' + encodeURIComponent(words)).then(function (found) {
                if (mine === asked) { active = -1; show(found.titles); }
            }, hide);
        }, WAIT);
    }

    // Before all others that listen to keys: while the list is open, they are the list's.
    window.addEventListener('keydown', function (event) {
        if (event.target !== box() || !list() || list().hidden || event.isComposing) { return; }
        var by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (by) { step(by); } else if (event.key === 'Enter' || event.key === 'Tab') {
            choose(list().children[active]);
        } else if (event.key === 'Escape') { hide(); } else { return; }
        event.preventDefault();
        event.stopImmediatePropagation();
    }, true);

    // Gradio builds the page before this script comes or after.
    (function begin() {
        if (!row() || !box()) { setTimeout(begin, 20); return; }
        window.articleAssistant = window.articleAssistant || {};
        window.articleAssistant.chosen = function () {
            var now = values();
            return now.place || now.category || now.since || now.until ? JSON.stringify(now) : '';
        };
        box().setAttribute('aria-autocomplete', 'list');
        box().setAttribute('aria-controls', 'titles');
        document.addEventListener('input', function (event) {
            if (event.target === box()) { look(); }
            if (event.target.form === form()) { draw(); }
        });
        document.addEventListener('click', function (event) {
            var item = event.target instanceof Element && event.target.closest('#titles li');
            if (item) { choose(item); } else { hide(); }
            if (event.target instanceof Element && event.target.closest('.everywhere')) { everywhere(); box().focus(); }
        });
        get('/places').then(offer, function () { /* then everything is searched */ });
        look();                            // somebody may have typed already
    }());
}());
