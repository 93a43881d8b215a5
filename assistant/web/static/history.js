// What one can do with answers and conversations: copy, ask again, judge, find again, export, delete. The browser
// keeps the names of the conversations; what was said in them the server keeps, for some days.
(function () {
    'use strict';
    function say(text, name) { return window.articleSay(text, name); }
    var LIST = 'article-assistant.conversations', LAST = 'article-assistant.last', MOST = 200, DAY = 86400000;
    var name = '';                          // the conversation that this tab shows, '' for a new one
    var begins = null;                      // what to do once Gradio listens
    // What the page before this one asked without an answer, and what stood in its box: its server may have gone away.
    var SENT = 'article-assistant.sent', DRAFT = 'article-assistant.draft';
    var unanswered = read('sessionStorage', SENT), draft = read('sessionStorage', DRAFT);
    window.addEventListener('pagehide', function () {
        var typed = box() && box().value !== read('sessionStorage', SENT) ? box().value : '';
        if (typed) { write('sessionStorage', DRAFT, typed); } else { drop('sessionStorage', DRAFT); }
    });

    // A frame on a foreign site may have no storage; then nothing outlives the tab's page.
    function read(kind, key) { try { return window[kind].getItem(key); } catch (_) { return null; } }
    function drop(kind, key) { try { window[kind].removeItem(key); } catch (_) { /* see above */ } }
    function write(kind, key, value) { try { window[kind].setItem(key, value); } catch (_) { /* see above */ } }

    function list() {
        try { return JSON.parse(read('localStorage', LIST)) || []; } catch (_) { return []; }
    }
    function save(entries) { write('localStorage', LIST, JSON.stringify(entries.slice(0, MOST))); }
    function entry(wanted) { return list().find(function (one) { return one.name === wanted; }); }
    function change(wanted, values) {
        save(list().map(function (one) { return one.name === wanted ? Object.assign(one, values) : one; }));
    }

    function box() { return document.querySelector('#question textarea, #question input'); }
    function turns() { return Array.from(document.querySelectorAll('#log .turn')); }
    function questionOf(turn) { return turn.querySelector('.question').textContent; }

    // The conversation to show in this tab: the one that it showed, or in a new tab the last one of today.
    function wanted() {
        var own = read('sessionStorage', LAST), last = list()[0];
        if (own !== null || !last || Date.now() - last.at > DAY / 2) { return own || ''; }
        return read('localStorage', LAST) === last.name ? last.name : '';
    }

    // Gradio loads the scripts in any order, and each adds what it has.
    window.articleAssistant = Object.assign(window.articleAssistant || {}, {
        name: function () { return name; },
        fill: fill,
        remember: function (question) { write('sessionStorage', SENT, question); },
        // Gradio asks which conversation to show, which tells that it listens by now.
        current: function () {
            var first = begins;
            begins = null;
            if (first) { setTimeout(first, 0); }
            return wanted();
        },
        // Gradio says which conversation the tab shows now; "" means nothing, as it says that while the page is built too.
        keep: function (now) { if (now) { named(now); noted(); } }
    });

    function named(now) {
        name = now;
        write('sessionStorage', LAST, now);
        write('localStorage', LAST, now);
    }

    // The conversation goes to the top of the list with its first question as its title.
    function noted() {
        var all = turns();
        if (!name || !all.length) { return; }
        var known = entry(name), entries = list().filter(function (one) { return one.name !== name; });
        var title = known ? known.title : questionOf(all[0]).slice(0, 120);
        entries.unshift({ name: name, title: title, at: Date.now(), thumbs: known ? known.thumbs : {} });
        save(entries);
        var thumbs = (known && known.thumbs) || {};
        all.forEach(function (turn) {
            ['up', 'down'].forEach(function (way) {
                var button = turn.querySelector('[data-do=' + way + ']');
                if (button) { button.setAttribute('aria-pressed', String(thumbs[questionOf(turn)] === way)); }
            });
        });
    }

    // ------------------------------------------------------------------ an answer to be used
    function said(turn) {                   // the answer's words, its marks as [1]
        var parts = Array.from(turn.querySelectorAll('.answer, .written')).map(function (part) {
            var copy = part.cloneNode(true);
            copy.querySelectorAll('a.mark').forEach(function (mark) { mark.textContent = '[' + mark.textContent + ']'; });
            copy.querySelectorAll('h3, .caution').forEach(function (extra) { extra.remove(); });
            copy.querySelectorAll('li').forEach(function (item) { item.prepend('- '); });
            copy.querySelectorAll('td').forEach(function (cell) {
                var name = cell.closest('table').rows[0].cells[cell.cellIndex].textContent;
                cell.prepend((cell.cellIndex ? ' | ' : '- ') + name + ': ');
            });
            return Array.from(copy.querySelectorAll('p, li, pre, tr:not(:first-child)')).map(function (line) {
                if (line.matches('pre')) { return '\n' + line.textContent.trimEnd().replace(/^/gm, '    ') + '\n'; }
                return line.textContent.replace(/\u00a0/g, ' ').trim();
            }).join('\n');
        });
        return parts.join('\n\n');
    }

    function cited(turn) {
        return Array.from(turn.querySelectorAll('.evidence .cited .card')).map(function (card) {
            var away = card.querySelector('a.away'), where = card.querySelector('.where');
            return {
                number: card.querySelector('.number').textContent,
                title: card.querySelector('.title bdi').textContent,
                where: where ? where.textContent : '',
                quote: card.querySelector('blockquote').dataset.quote,
                link: (away || card.querySelector('.links a')).href
            };
        });
    }

    function flat(text) { return text.replace(/\s+/g, ' ').trim(); }
    function linkTo(turn) { return location.origin + '/?q=' + encodeURIComponent(questionOf(turn)); }

    var FORMS = {
        text: function (turn) {
            return [questionOf(turn), said(turn), cited(turn).map(function (one) {
                return '[' + one.number + '] ' + [one.title, one.where].filter(Boolean).join(', ') + ': “' +
                    flat(one.quote) + '” ' + one.link;
            }).join('\n')].filter(Boolean).join('\n\n');
        },
        markdown: function (turn) {
            return ['**' + flat(questionOf(turn)) + '**', said(turn), cited(turn).map(function (one) {
                return '- \\[' + one.number + '\\] [' + one.title.replace(/[[\]\\]/g, '\\$&') + '](' + one.link + ')' +
                    (one.where ? ', ' + one.where : '') + ': “' + flat(one.quote) + '”';
            }).join('\n')].filter(Boolean).join('\n\n');
        },
        wiki: function (turn) {
            return ["'''" + flat(questionOf(turn)) + "'''", said(turn), cited(turn).map(function (one) {
                return '* <nowiki>[' + one.number + ']</nowiki> [' + one.link + ' ' + one.title.replace(/[[\]]/g, '') + ']' +
                    (one.where ? ', ' + one.where : '') + ': “' + flat(one.quote) + '”';
            }).join('\n')].filter(Boolean).join('\n\n');
        },
        link: linkTo
    };

    function copy(text) {
        // Over http another machine's page has no clipboard of this kind; there the old command still works.
        if (navigator.clipboard && window.isSecureContext) { return navigator.clipboard.writeText(text); }
        var field = document.createElement('textarea');
        field.value = text;
        field.className = 'unseen';
        document.body.appendChild(field);
        field.select();
        var done = document.execCommand('copy');
        field.remove();
        return done ? Promise.resolve() : Promise.reject(new Error('not copied'));
    }

    // Gradio listens to what is typed, so the box is filled as if it were.
    function fill(question) {
        var field = box(), kind = Object.getPrototypeOf(field);
        Object.getOwnPropertyDescriptor(kind, 'value').set.call(field, question);
        field.dispatchEvent(new Event('input', { bubbles: true }));
        field.focus();
        field.setSelectionRange(question.length, question.length);
    }
    function ask(question) {
        fill(question);
        // Gradio takes the words over after this turn of the event loop.
        setTimeout(function () { document.getElementById('send').click(); }, 50);
    }

    function send(path, body) {
        return fetch(path, {
            method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
        }).then(function (reply) { if (!reply.ok) { throw new Error(String(reply.status)); } });
    }

    function judge(turn, thumb, word) {
        var question = questionOf(turn), status = turn.querySelector('.said');
        return send('/conversation/judge', { conversation: name, question: question, thumb: thumb, word: word || '' })
            .then(function () {
                var thumbs = Object.assign({}, (entry(name) || {}).thumbs);
                thumbs[question] = thumb;
                change(name, { thumbs: thumbs });
                noted();
                status.textContent = thumb ? say('Thank you.') : '';
            }, function () { status.textContent = say('This could not be kept. Please try again.'); });
    }

    function copied(text, turn) {
        var status = turn.querySelector('.said');
        copy(text).then(
            function () { if (status) { status.textContent = say('Copied.'); } },
            function () { if (status) { status.textContent = say('The browser did not let this be copied.'); } });
    }

    var ACTIONS = {
        copy: function (turn, button) {
            copied(FORMS[button.getAttribute('data-form')](turn), turn);
            button.closest('details').open = false;
            button.closest('details').querySelector('summary').focus();
        },
        code: function (turn, button) { copied(button.closest('.code').querySelector('pre').textContent.trimEnd(), turn); },
        edit: function (turn) { fill(questionOf(turn)); },
        again: function (turn) { ask(questionOf(turn)); },
        up: function (turn, button) { thumb(turn, button, 'up'); },
        down: function (turn, button) { thumb(turn, button, 'down'); }
    };
    function thumb(turn, button, way) {
        var given = button.getAttribute('aria-pressed') !== 'true', before = turn.querySelector('.word');
        judge(turn, given ? way : '');
        if (before) { before.remove(); }
        if (!given || way !== 'down') { return; }
        var form = made('form', '', { 'class': 'word' });
        form.append(made('input', '', {
            name: 'word', maxlength: '1000', placeholder: say('What was wrong? (optional)'),
            'aria-label': say('What was wrong? A few words, if you like.')
        }), made('button', say('Send'), {}));
        form.lastChild.type = 'submit';
        turn.querySelector('.said').before(form);
        form.firstChild.focus();
    }

    // ------------------------------------------------------------------ conversations to find again
    function dialog() { return document.getElementById('history'); }

    function draw() {
        var wanted = document.getElementById('history-search').value.trim().toLowerCase(), lang = document.documentElement.lang;
        var shown = list().filter(function (one) { return one.title.toLowerCase().includes(wanted); });
        dialog().querySelector('.none').hidden = shown.length > 0;
        dialog().querySelector('.past').replaceChildren.apply(dialog().querySelector('.past'), shown.map(function (one) {
            var row = document.createElement('li');
            row.dataset.name = one.name;
            row.append(
                made('button', one.title, { 'data-history': 'open', dir: 'auto', 'aria-current': String(one.name === name) }),
                made('time', new Date(one.at).toLocaleDateString(lang === 'en' ? 'en-GB' : lang, { dateStyle: 'medium' }), {}),
                made('button', say('Rename'), { 'data-history': 'rename', 'aria-label': say('Rename {n}', one.title) }),
                made('button', say('Delete'), { 'data-history': 'delete', 'aria-label': say('Delete {n}', one.title) }));
            return row;
        }));
    }
    // Who has signed in has a list on the server, the same in every browser, and no one else's that this one knows.
    function fetched() {
        return fetch('/conversations').then(function (reply) { return reply.json(); }).then(function (own) {
            if (!own.signed_in) { return; }
            save(own.conversations.map(function (one) {
                var known = entry(one.name);
                return known ? Object.assign(one, { title: known.title, thumbs: known.thumbs }) : one;
            }));
            dialog().querySelector('.here').hidden = true;
            dialog().querySelector('.named').hidden = false;
            draw();
        }).catch(function () { /* then what the browser knows is there */ });
    }
    function made(tag, text, attributes) {
        var element = document.createElement(tag);
        element.textContent = text;
        if (tag === 'button') { element.type = 'button'; }
        Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
        return element;
    }

    // Another conversation is shown as after a reload: the server is asked for it with the rights of now.
    function show(wanted) {
        write('sessionStorage', LAST, wanted);
        window.articleAssistant.remember('');
        location.assign('/');
    }
    function forget(names) {
        return send('/conversation/forget', { conversations: names }).then(function () {
            save(list().filter(function (one) { return !names.includes(one.name); }));
            if (names.includes(name)) { show(''); } else { draw(); }
        }, function () { window.alert(say('This could not be deleted. Please try again in a moment.')); });
    }
    function rename(row) {
        var field = made('input', '', { 'aria-label': say('New title'), maxlength: '120' });
        field.value = entry(row.dataset.name).title;
        var before = row.firstChild, over = false;
        before.replaceWith(field);
        field.select();
        // Only the title is put back, so that the focus stays where it went.
        function end(title) {
            if (over) { return; }
            over = true;
            if (title) {
                change(row.dataset.name, { title: title });
                before.textContent = title;
                row.querySelector('[data-history=rename]').setAttribute('aria-label', say('Rename {n}', title));
                row.querySelector('[data-history=delete]').setAttribute('aria-label', say('Delete {n}', title));
            }
            field.replaceWith(before);
        }
        field.addEventListener('keydown', function (event) {
            if (event.key !== 'Enter' && event.key !== 'Escape') { return; }
            event.stopPropagation();
            event.preventDefault();
            end(event.key === 'Enter' ? field.value.trim() : '');
            row.querySelector('[data-history=rename]').focus();
        });
        field.addEventListener('blur', function () { end(field.value.trim()); });
    }
    function download(kind) {
        var done = turns().filter(function (turn) { return turn.querySelector('.actions'); });
        var text = kind === 'markdown' ? done.map(FORMS.markdown).join('\n\n---\n\n') + '\n' : JSON.stringify(
            done.map(function (turn) {
                return { question: questionOf(turn), answer: said(turn), citations: cited(turn) };
            }), null, 2) + '\n';
        var link = made('a', '', {
            href: URL.createObjectURL(new Blob([text], { type: kind === 'json' ? 'application/json' : 'text/markdown' })),
            download: 'conversation.' + (kind === 'json' ? 'json' : 'md')
        });
        link.click();
        setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
    }
    var HISTORY = {
        close: function () { dialog().close(); },
        open: function (row) { show(row.dataset.name); },
        rename: rename,
        'delete': function (row) {
            var place = Array.from(row.parentElement.children).indexOf(row);
            forget([row.dataset.name]).then(function () {
                var left = dialog().querySelectorAll('.past li'), next = left[Math.min(place, left.length - 1)];
                (next ? next.querySelector('[data-history=delete]') : document.getElementById('history-search')).focus();
            });
        },
        'delete-all': function () {
            var names = list().map(function (one) { return one.name; });
            if (names.length && window.confirm(say('Delete all {n} conversations?', names.length))) { forget(names); }
        },
        markdown: function () { download('markdown'); },
        json: function () { download('json'); }
    };

    document.addEventListener('click', function (event) {
        var target = event.target instanceof Element ? event.target : null;
        var button = target && target.closest('button');
        document.querySelectorAll('.copy[open]').forEach(function (menu) { menu.open = menu.contains(target); });
        if (!button) { return; }
        if (button.id === 'new') { named(''); return; }
        if (button.id === 'open-history') { draw(); dialog().showModal(); fetched(); return; }
        var action = ACTIONS[button.getAttribute('data-do')];
        if (action) { action(button.closest('.turn'), button); }
        var wanted = HISTORY[button.getAttribute('data-history')];
        if (wanted) { wanted(button.closest('li')); }
    });
    document.addEventListener('input', function (event) { if (event.target.id === 'history-search') { draw(); } });
    // One tab stop for all that can be done with an answer; arrows go through it.
    document.addEventListener('keydown', function (event) {
        var bar = event.target instanceof Element && event.target.closest('[role=toolbar]');
        var step = { ArrowRight: 1, ArrowLeft: -1, Home: -1000, End: 1000 }[event.key];
        if (!bar || !step || event.target.matches('input')) { return; }
        var all = Array.from(bar.querySelectorAll('summary, :scope > button')), at = all.indexOf(event.target);
        if (at < 0) { return; }
        var next = all[Math.max(0, Math.min(all.length - 1, at + step))];
        all.forEach(function (one) { one.tabIndex = one === next ? 0 : -1; });
        next.focus();
        event.preventDefault();
    });
    document.addEventListener('submit', function (event) {
        // Whoever comes to this browser next shall not find what was asked here.
        if (event.target.matches('[action="/logout"]')) {
            if (box()) { fill(''); }
            ['localStorage', 'sessionStorage'].forEach(function (kind) {
                [LIST, LAST, SENT, DRAFT].forEach(function (key) { drop(kind, key); });
            });
        }
        if (!event.target.matches('.word')) { return; }
        event.preventDefault();
        var form = event.target;
        judge(form.closest('.turn'), 'down', form.elements.word.value).then(function () {
            form.closest('.turn').querySelector('[data-do=down]').focus();
            form.remove();
        });
    });
    document.addEventListener('keydown', function (event) {
        var menu = event.key === 'Escape' && document.querySelector('.copy[open]');
        if (menu) { menu.open = false; menu.querySelector('summary').focus(); event.stopImmediatePropagation(); }
        // ArrowUp in an empty box brings the last question back, to be edited.
        if (event.key !== 'ArrowUp' || event.target !== box() || box().value || event.isComposing) { return; }
        var last = turns().pop();
        if (last) { event.preventDefault(); fill(questionOf(last)); }
    }, true);

    // A question goes on in the conversation that is shown again, if there is one; it may have been answered meanwhile.
    function goOn(question, tries) {
        var last = turns().pop();
        if (name && !last && tries < 30) { setTimeout(function () { goOn(question, tries + 1); }, 100); return; }
        if (!last || questionOf(last) !== question) { ask(question); }
    }

    // The page begins with the conversation that is kept, or, by a link to an answer, with a question. Gradio builds it
    // in pieces, before this script comes or after, and a piece is there before it listens: so its button is pressed
    // until Gradio asks for `current`.
    (function begin() {
        var log = document.querySelector('#log');
        if (!log || !box()) { setTimeout(begin, 20); return; }
        new MutationObserver(noted).observe(log, { childList: true, subtree: true });
        var question = new URLSearchParams(location.search).get('q');
        if (question) {
            window.history.replaceState(null, '', '/');
            write('sessionStorage', LAST, '');
        }
        if (turns().length) {               // somebody has asked before this script came
            window.articleAssistant.keep(window.articleAssistant.shown);
            return;
        }
        name = wanted();
        question = question || unanswered;
        begins = function () {
            if (question) { goOn(question, 0); } else if (draft && !box().value) { fill(draft); }
        };
        if (!question && !name && !draft) { return; }
        var tries = 0;
        (function press() {
            var resume = document.getElementById('resume');
            if (resume && !turns().length) { resume.click(); }
            // Now and then Gradio loses what an event brings when another one ends at the same time.
            tries += begins ? 0 : 1;
            if (begins) { setTimeout(press, 100); } else if (!question && name && tries < 5) { setTimeout(press, 2000); }
        }());
    }());
}());
