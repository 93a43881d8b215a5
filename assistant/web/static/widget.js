// A button on a wiki's pages that opens the assistant, in the page itself. One line of HTML brings it:
//   <script src="https://chat.example/widget.js" async></script>
// Attributes: data-token, an address of the wiki that says who is logged in ({"token": "…"}); data-label, the words
// on the button; data-lang, a language instead of the page's; data-selection="off", no button beside words that are
// selected. From the page, articleAssistant.open("A question?")
// opens it and asks. Everything is made by createElement and textContent, so no text can become markup; no cookie is
// sent to the assistant, and nothing is fetched before somebody opens it.
(() => {
'use strict';
const TEXTS = __TEXTS__;                    // put here by the server, from texts.json
const PATH = /^(https?:\/\/[^/?#]+)\/widget\.js(?:[?#].*)?$/;
const NAME = 'article-assistant';
const NARROW = 600;                         // px that a finger sees; below, the panel is a sheet over everything
const QUOTE = 1000;                         // characters of a selection that a question may be about
const USUAL = { width: 440, height: 680 }, LEAST = { width: 320, height: 300 }, STEP = 24;    // px of the panel
const BESIDE = 400;                         // px of the page beside a docked panel; else the panel lies over the page
const RENEW = 30;                           // seconds before its end at which a token is fetched anew

// Whoever runs this text some other way than as a script element leaves no currentScript behind.
const ours = (script) => script && PATH.test(script.src);
const me = ours(document.currentScript) ? document.currentScript : [...document.scripts].reverse().find(ours);
if (!me || window.top !== window.self || window.articleAssistant) { return; }
const CHAT = PATH.exec(me.src)[1];

// ---------------------------------------------------------------- words
const language = (me.dataset.lang || document.documentElement.lang || navigator.language || 'en').toLowerCase();
const spoken = [language, language.split('-')[0], 'en'].find((one) => Object.hasOwn(TEXTS, one));
const say = (key) => TEXTS[spoken][key];
// What the assistant says itself comes in English; a text with {holes} is known by what stands around them.
function translated(text) {
    for (const [key, english] of Object.entries(TEXTS.en)) {
        const around = english.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
        const found = new RegExp(`^${around.join('([^]+)')}$`).exec(text), holes = english.match(/\{\w+\}/g);
        if (found) { return say(key).replace(/\{\w+\}/g, (hole) => found[1 + holes.indexOf(hole)]); }
    }
    return text;
}
// A day as people write it in that language; what is none stays.
const dated = (day) => (Number.isNaN(Date.parse(day.slice(0, 10))) ? day
    : new Date(day.slice(0, 10)).toLocaleDateString(spoken === 'en' ? 'en-GB' : spoken, { dateStyle: 'long', timeZone: 'UTC' }));
const rightward = (lang) => /^(ar|arc|ckb|dv|fa|he|ku-arab|ps|sd|ug|ur|yi)\b/.test(lang);

// ---------------------------------------------------------------- what stays while one goes from page to page
const store = {
    // A browser may forbid storage; then the conversation ends with the page.
    read() { try { return JSON.parse(sessionStorage.getItem(NAME)) || {}; } catch { return {}; } },
    write(more) {
        try { sessionStorage.setItem(NAME, JSON.stringify({ ...store.read(), ...more })); } catch { /* as above */ }
    },
};
const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, '0')).join('');
let conversation = store.read().conversation || random();
const lasting = {                           // the panel's size and place, for all tabs
    read() { try { return JSON.parse(localStorage.getItem(NAME)) || {}; } catch { return {}; } },
    write(size) { try { localStorage.setItem(NAME, JSON.stringify(size)); } catch { /* as above */ } },
};

// ---------------------------------------------------------------- the assistant's doors
const token = { value: '', until: 0 };
async function fresh(again) {
    if (!me.dataset.token || (!again && Date.now() / 1000 < token.until - RENEW)) { return token.value; }
    Object.assign(token, { value: '', until: 0 });
    try {
        const said = await (await fetch(me.dataset.token, { headers: { accept: 'application/json' } })).json();
        if (typeof said.token === 'string') {
            const part = said.token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
            Object.assign(token, { value: said.token, until: JSON.parse(atob(part)).exp });
            store.write({ token: said.token });     // to end it on a later page, and for nothing else
        }
    } catch { /* a guest, then */ }
    return token.value;
}

function send(door, body, who, more) {
    const headers = { 'content-type': 'application/json', ...(who && { authorization: `Bearer ${who}` }) };
    const sent = { method: 'POST', mode: 'cors', credentials: 'omit', headers, body: JSON.stringify({ conversation, ...body }) };
    return fetch(`${CHAT}/widget/${door}`, { ...sent, ...more });
}

async function post(door, body, signal) {
    for (const again of [false, true]) {
        // Times in tokens are whole seconds: one of the second in which somebody left counts as one of before.
        if (again) { await new Promise((go) => { setTimeout(go, 1000); }); }
        const who = await fresh(again);
        const response = await send(door, body, who, { signal });
        if (response.ok) { return response; }
        if (response.status !== 401 || again || !who) {
            throw Object.assign(new Error(door), { status: response.status, said: { 401: 'signin', 429: 'busy' }[response.status] || 'failed' });
        }
    }
}

// Who logs out of the wiki is out here at once, not only when the token ends; and the next person begins anew. A token
// of a page before counts as well, and those of other tabs.
function end() {
    const last = token.value || store.read().token;
    if (last) { send('leave', {}, last, { keepalive: true }).catch(() => { /* it ends by itself */ }); }
    Object.assign(token, { value: '', until: 0 });
    conversation = random();
    store.write({ conversation, asked: '', token: '' });
}
const LEFT = `${NAME}-left`;                // what is written under it is heard in all other tabs
window.addEventListener('storage', ({ key }) => { if (key === LEFT) { end(); } });
function leave() {
    try { localStorage.setItem(LEFT, String(Date.now())); } catch { /* then each tab for itself */ }
    end();
}
// The wiki's logout: MediaWiki's special page, which its own link calls by the name that it has in the wiki's language;
// DokuWiki's action; elsewhere what ends in /logout. It is a link, or a form that asks once more.
const OWN = '#pt-logout a, a.menu__item--logout';
const nameOf = (url, given) => (given.get('title') || decodeURIComponent(url.pathname.replace(/\/$/, '')).split('/').pop()).replace(/_/g, ' ');
function logsOut(one) {
    try {
        const url = new URL(one.getAttribute('href') ?? one.getAttribute('action') ?? '', location.href);
        const given = new URLSearchParams([...url.searchParams, ...(one.tagName === 'FORM' ? new FormData(one) : [])]);
        const name = nameOf(url, given), own = document.querySelector(OWN)?.href, known = own && new URL(own, location.href);
        return given.get('do') === 'logout' || /:user ?logout$/i.test(name) || Boolean(known && name === nameOf(known, known.searchParams))
            || (name === 'logout' && !window.mw && !window.JSINFO);
    } catch { return false; }
}
for (const [kind, what] of [['click', 'a[href]'], ['auxclick', 'a[href]'], ['submit', 'form']]) {
    document.addEventListener(kind, ({ target }) => {
        const one = target.closest?.(what);
        if (one && (one.matches(OWN) || logsOut(one))) { leave(); }
    }, true);
}

async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ''; ;) {
        const { done, value } = await reader.read();
        if (done) { return; }
        const parts = (rest + value).split('\n\n');
        rest = parts.pop();
        for (const part of parts) {
            const [, name] = /^event: (.*)$/m.exec(part) || [];
            const [, data] = /^data: (.*)$/m.exec(part) || [];
            if (name && data) { yield { name, data: JSON.parse(data) }; }
        }
    }
}

// ---------------------------------------------------------------- the page one is on
// Addresses of the same page differ in their query and in how they are written; a title or an id tells more.
function pageOf(address) {
    try {
        const url = new URL(address, location.href);
        const named = url.searchParams.get('title') || url.searchParams.get('id');
        const path = decodeURIComponent(url.pathname).replace(/\/(index|doku)\.php$/, '/');
        return `${url.origin}${path}${named ? `?${named.replace(/ /g, '_')}` : ''}`;
    } catch { return null; }
}
const setting = (name) => window.mw?.config?.get?.(name);
function addresses() {
    const known = [location.href, document.querySelector('link[rel=canonical]')?.href];
    if (setting('wgPageName')) { known.push(setting('wgArticlePath').replace('$1', () => encodeURIComponent(setting('wgPageName')))); }
    if (window.JSINFO?.id) { known.push(`${window.DOKU_BASE || '/'}doku.php?id=${encodeURIComponent(window.JSINFO.id)}`); }
    const whole = (one) => { const { origin, pathname, search } = new URL(one, location.href); return origin + pathname + search; };
    return [...new Set(known.filter(Boolean).map(whole))].filter((one) => one.length <= 2000);
}
const here = () => new Set(addresses().map(pageOf));
const content = () => document.querySelector('#mw-content-text, #dokuwiki__content, main, [role=main], article') || document.body;

// Letters and digits alone, in lower case: marks, spaces and line ends are not written on a page as in its text.
// Letter by letter, for a word's end changes the small form of some.
const plain = (text) => [...text].map((letter) => letter.toLowerCase()).join('').replace(/[^\p{L}\p{N}]+/gu, '');
function letters() {
    const skip = (node) => /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE)$/.test(node.parentNode.nodeName);
    const walk = document.createTreeWalker(content(), NodeFilter.SHOW_TEXT, (node) => (skip(node) ? 2 : 1));
    const at = [];
    let text = '';
    while (walk.nextNode()) {
        let offset = 0;
        for (const letter of walk.currentNode.data) {
            const shown = plain(letter);
            for (let unit = 0; unit < shown.length; unit += 1) { at.push([walk.currentNode, offset, letter.length]); }
            text += shown;
            offset += letter.length;
        }
    }
    return { text, at };
}
function rangesOf(quote, heading) {
    const { text, at } = letters();
    const range = (start, length) => {
        const made = document.createRange(), [last, offset, size] = at[start + length - 1];
        made.setStart(at[start][0], at[start][1]);
        made.setEnd(last, offset + size);
        return made;
    };
    const below = heading ? Math.max(text.indexOf(plain(heading)), 0) : 0;
    const find = (piece, from) => { const found = text.indexOf(piece, from); return found < 0 ? text.indexOf(piece) : found; };
    const whole = plain(quote), place = whole ? find(whole, below) : -1;
    if (place >= 0) { return [range(place, whole.length)]; }
    // A table's rows are written otherwise on its page: what of the quote stands together is marked.
    const found = [];
    let from = below;
    for (const piece of quote.split(/\n| \| |(?<=[.!?])\s/)) {
        const words = [piece, piece.replace(/^[^:]{1,60}: /, '')].map(plain).find((one) => one.length > 2 && text.includes(one));
        if (words) {
            const start = find(words, from);
            found.push(range(start, words.length));
            from = start + words.length;
        }
    }
    return found;
}
// Marks the words on the page, after the panel has made way for them; the element that they begin in.
function mark(quote, heading, makeWay = () => {}) {
    const ranges = rangesOf(quote, heading);
    if (!ranges.length) { return false; }
    makeWay();
    const block = ranges[0].startContainer.parentElement;
    for (let fold = block.closest('details'); fold; fold = fold.parentElement.closest('details')) { fold.open = true; }
    if (window.CSS?.highlights && window.Highlight) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(`::highlight(${NAME}) { background-color: #ffe28a; color: #1d2330; }`);
        if (!CSS.highlights.has(NAME)) { document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]; }
        CSS.highlights.set(NAME, new Highlight(...ranges));
    } else {
        window.getSelection().removeAllRanges();
        window.getSelection().addRange(ranges[0]);
    }
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    // The words are brought to the middle, and not the block, which may be longer than what is seen of the page.
    const all = block.getBoundingClientRect(), { top, bottom } = ranges[0].getBoundingClientRect(), { scrollMargin } = block.style;
    block.style.scrollMargin = `${all.top - top}px 0px ${Math.min(bottom, top + 160) - all.bottom}px`;
    block.scrollIntoView({ block: 'center', behavior: still ? 'auto' : 'smooth' });
    block.style.scrollMargin = scrollMargin;
    if (!block.getAttribute('style')) { block.removeAttribute('style'); }
    return block;
}

// What the page leaves to the panel at one side, in px: by a sheet of rules, which leaves nothing behind when it goes.
const margin = { sheet: new CSSStyleSheet(), rules: '' };
function makeRoom(side, px) {
    const flow = side === 'bottom' ? '' : 'position: relative !important; width: auto !important; min-width: 0 !important;';
    const rules = px ? `@media screen { html { ${flow} margin-${side}: ${px}px !important; scroll-padding-${side}: ${px}px !important; } }` : '';
    if (rules === margin.rules) { return; }
    const others = document.adoptedStyleSheets.filter((one) => one !== margin.sheet);
    margin.rules = rules;
    margin.sheet.replaceSync(rules);
    document.adoptedStyleSheets = rules ? [...others, margin.sheet] : others;
}

// A wiki that is light in a dark system stays light, and so does its widget: what counts is what stands behind it.
function isDark() {
    for (const one of [document.querySelector('#content, .mw-page-container, main'), document.body, document.documentElement]) {
        const [red, green, blue, alpha = 1] = (one && getComputedStyle(one).backgroundColor.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
        if (alpha > 0.5) { return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 110; }
    }
    const schemes = getComputedStyle(document.documentElement).colorScheme;
    return schemes.includes('dark') && (!schemes.includes('light') || window.matchMedia('(prefers-color-scheme: dark)').matches);
}

// ---------------------------------------------------------------- making elements
function make(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (key.startsWith('on')) { made.addEventListener(key.slice(2), value); } else { made.setAttribute(key, value); }
    }
    made.append(...children);
    return made;
}
// A quote with what is a row of a table (`Name: content | …`) in its text as a table.
function drawn(quote) {
    const shown = [];
    let names = '';
    for (const line of quote.split('\n')) {
        const cells = line.split(' | ').map((cell) => /^([^:|]{1,60}): (.*)$/.exec(cell));
        const row = cells.length > 1 && cells.every(Boolean), head = row ? cells.map((cell) => cell[1]).join('|') : '';
        const fill = (kind, at) => make('tr', {}, ...cells.map((cell) => make(kind, {}, cell[at])));
        if (!row) { shown.push(shown.length && !names ? `\n${line}` : line); } else if (head === names) { shown.at(-1).append(fill('td', 2)); } else {
            shown.push(make('table', {}, fill('th', 1), fill('td', 2)));
        }
        names = head;
    }
    return shown;
}
const button = (kind, words, click, more = {}) => make('button', { type: 'button', class: kind, onclick: click, ...more }, words);
// One whose words are a sign that the style draws: beside long titles there is no room for them.
const sign = (key, click) => button(`tool ${key}`, make('span', { class: 'unseen' }, say(key)), click, { title: say(key) });

const STYLE = __STYLE__;                    // put here by the server, from widget.css
const SHARED = __SHARED__;                  // put here as well: what the assistant's own page draws answers by
const REPEATED = new RegExp(SHARED.repeated, 'gm');

// ---------------------------------------------------------------- the widget
class Assistant extends HTMLElement {
    constructor() {
        super();
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(STYLE);
        this.root = this.attachShadow({ mode: 'open' });
        this.root.adoptedStyleSheets = [sheet];
        this.label = me.dataset.label || say('label');
        this.opener = button('opener', this.label, () => this.toggle(), { 'aria-expanded': 'false', 'aria-haspopup': 'dialog' });
        this.room = make('div', { class: 'room', lang: spoken, dir: rightward(spoken) ? 'rtl' : 'ltr' }, this.opener);
        this.root.append(this.room);
        this.running = null;
        this.quote = '';
        this.scoped = Boolean(store.read().scoped);
        this.half = Boolean(store.read().half);
    }

    connectedCallback() {
        const place = () => this.place();
        for (const one of [window.visualViewport, window]) { one?.addEventListener('resize', place); }
        window.visualViewport?.addEventListener('scroll', place);
        this.dress();
        new MutationObserver(() => this.dress()).observe(document.documentElement, { attributes: true });
        new MutationObserver(() => this.dress()).observe(document.body, { attributes: true });
        window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.dress());
        document.addEventListener('keydown', (event) => {
            if (event.key === 'Escape' && this.isOpen && !this.isSmall()) { this.onEscape(event); }
        });
        if (me.dataset.selection !== 'off') { this.watch(); }
        this.place();
        const kept = store.read();
        if (kept.mark && here().has(kept.mark.page)) {
            this.half ||= this.isSmall();
            store.write({ mark: null, half: this.half });
            // The page's own scrolling to an anchor comes with its load; ours after it.
            const now = () => mark(kept.mark.quote, kept.mark.heading);
            if (document.readyState === 'complete') { now(); } else { window.addEventListener('load', now, { once: true }); }
        }
        if (kept.open) { this.toggle(false); }
    }

    get isOpen() { return Boolean(this.panel) && !this.panel.hidden; }

    isSmall() {
        const seen = window.visualViewport;
        return Math.min(seen ? seen.width * seen.scale : window.innerWidth, screen.width) < NARROW;
    }

    // Beside words that are selected in the page stands a button to ask about them.
    watch() {
        const offer = () => {
            const selected = window.getSelection(), text = selected.toString().trim();
            const inside = selected.rangeCount && content().contains(selected.getRangeAt(0).commonAncestorContainer);
            this.chosen = inside && text.length > 2 && !document.activeElement?.isContentEditable ? text.slice(0, QUOTE) : '';
            this.pick.hidden = !this.chosen || (this.isOpen && this.covers());
            if (!this.pick.hidden) { this.beside(selected.getRangeAt(0)); }
        };
        let soon = 0;
        const later = () => { clearTimeout(soon); soon = setTimeout(offer, 150); };
        this.pick = button('pick', say('pick'), () => this.choose(this.chosen), { onpointerdown: (event) => event.preventDefault() });
        this.pick.hidden = true;
        this.room.prepend(this.pick);
        document.addEventListener('selectionchange', later);
        document.addEventListener('scroll', later, { passive: true, capture: true });
    }

    beside(range) {
        const rect = [...range.getClientRects()].at(-1) || range.getBoundingClientRect();
        const room = this.seen(), zoom = Number(this.room.style.zoom), { offsetWidth: width, offsetHeight: height, style } = this.pick;
        const below = (rect.bottom - room.top) / zoom + 8, above = (rect.top - room.top) / zoom - height - 8;
        const within = (value, most) => `${Math.max(4, Math.min(value, most - 4))}px`;
        style.left = within((rect.right - room.left) / zoom - width / 2, room.width / zoom - width);
        style.top = within(below + height < room.height / zoom ? below : above, room.height / zoom - height);
    }

    // A question may be about words of the page; then it is about the page, too.
    choose(words) {
        if (!this.isOpen) { this.toggle(); }
        this.quote = words;
        if (this.pick) { this.pick.hidden = true; }
        this.tellAbout();
        this.box.focus({ preventScroll: true });
    }

    tellAbout() {
        this.page.setAttribute('aria-pressed', String(this.scoped || Boolean(this.quote)));
        this.quoted.replaceChildren(...(this.quote ? [make('blockquote', { dir: 'auto' }, this.quote),
            button('tool', '✕', () => { this.choose(''); }, { 'aria-label': say('unpick') })] : []));
    }

    seen() {
        const seen = window.visualViewport || { offsetLeft: 0, offsetTop: 0, width: window.innerWidth, height: window.innerHeight };
        return { left: seen.offsetLeft, top: seen.offsetTop, width: seen.width, height: seen.height };
    }

    covers() { return this.isSmall() ? !this.half : this.room.classList.contains('large'); }

    // A wiki that tells a phone to be 980 px wide is drawn small: what is fixed is made as large again.
    place() {
        const zoom = Math.max(1, 1 / (window.visualViewport?.scale || 1));
        this.room.style.zoom = String(zoom);
        for (const [side, value] of Object.entries(this.seen())) { this.room.style[side] = `${value / zoom}px`; }
        this.room.classList.toggle('small', this.isSmall());
        if (!this.panel) { return; }
        this.room.classList.toggle('half', this.half);
        this.room.classList.toggle('docked', this.isDocked());
        for (const [one, pressed] of [[this.dock, this.extent.docked], [this.grip, this.half]]) { one.setAttribute('aria-pressed', String(Boolean(pressed))); }
        this.panel.setAttribute('aria-modal', String(this.covers()));
        this.measure();
    }

    isDocked() { return Boolean(this.extent.docked) && !this.isSmall() && !this.covers(); }

    isBeside() { return this.isDocked() && window.innerWidth >= LEAST.width + BESIDE; }

    // The page stands beside a docked panel, where there is room for both, and above half a sheet.
    share() {
        if (!this.isOpen) {
            makeRoom();
        } else if (this.isSmall()) {
            makeRoom('bottom', this.half && Math.round(this.panel.offsetHeight * Number(this.room.style.zoom)));
        } else {
            makeRoom(this.room.classList.contains('left') ? 'left' : 'right', this.isBeside() && Number(this.handles.width.ariaValueNow));
        }
    }

    dress() {
        this.room.classList.toggle('dark', isDark());
        this.room.classList.toggle('left', getComputedStyle(document.documentElement).direction === 'rtl' || document.dir === 'rtl'
            || getComputedStyle(document.body).direction === 'rtl');
        if (this.panel) { this.share(); }
    }

    build() {
        this.status = make('p', { class: 'unseen', role: 'status' });
        this.log = make('div', { class: 'log', role: 'log', tabindex: '0', 'aria-label': this.label });
        this.view = make('div', { class: 'view', tabindex: '0', role: 'region', 'aria-label': say('passage') });
        this.view.hidden = true;
        this.box = make('textarea', { rows: '1', maxlength: '2000', 'aria-label': say('question'), placeholder: say('question') });
        this.send = button('send', say('send'), () => (this.running ? this.running.abort() : this.ask()));
        this.box.addEventListener('keydown', (event) => {
            if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.ask(); }
        });
        this.box.addEventListener('input', () => this.fit());
        this.size = button('tool wide size', '', () => this.grow(), { 'aria-label': say('larger'), title: say('larger') });
        this.dock = button('tool wide dock', '', () => this.attach(), { 'aria-label': say('dock'), title: say('dock') });
        this.grip = button('grip', make('span', { class: 'unseen' }, say('half')), (event) => {
            if (!event.detail || !this.pulled) { this.halve(!this.half); }
        }, { onpointerdown: (event) => this.pull(event), onkeydown: (event) => this.lift(event) });
        this.page = button('tool', say('page'), () => {
            this.scoped = !(this.scoped || this.quote);
            this.quote = '';
            store.write({ scoped: this.scoped });
            this.tellAbout();
        }, { 'aria-pressed': 'false' });
        this.page.hidden = setting('wgArticleId') === 0;
        this.quoted = make('div', { class: 'quoted' });
        this.handles = Object.fromEntries(['width', 'height'].map((side) => [side, make('div', {
            class: `handle ${side}`, role: 'separator', tabindex: '0', 'aria-label': say(side), 'aria-controls': 'panel',
            'aria-orientation': side === 'width' ? 'vertical' : 'horizontal',
            onpointerdown: (event) => this.drag(event, side), onkeydown: (event) => this.nudge(event, side),
        })]));
        this.extent = { ...lasting.read() };
        this.panel = make('section', { class: 'panel', role: 'dialog', 'aria-label': this.label, 'aria-modal': 'false', id: 'panel' },
            this.grip,
            make('header', {}, make('h2', { title: this.label }, this.label), sign('new', () => this.renew()), this.dock, this.size,
                sign('close', () => this.toggle())),
            this.log, this.view, this.status, make('div', { class: 'ask' }, make('div', { class: 'about' }, this.page, this.quoted), this.box, this.send),
            ...Object.values(this.handles));
        this.panel.hidden = true;
        this.panel.addEventListener('keydown', (event) => this.onKey(event));
        this.opener.setAttribute('aria-controls', 'panel');
        this.opener.before(this.panel);
        this.tellAbout();
        this.welcome();
    }

    onKey(event) {
        if (event.key === 'Escape' && !event.isComposing) { this.onEscape(event); }
        if (event.key !== 'Tab' || !this.covers()) { return; }
        // The sheet covers the page, so the focus stays in it.
        const all = [...this.panel.querySelectorAll('button, a[href], textarea, [tabindex="0"]')].filter((one) => one.getClientRects().length);
        const [from, to] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
        if (this.root.activeElement === from) { event.preventDefault(); to.focus(); }
    }

    onEscape(event) {
        event.stopPropagation();
        if (!this.view.hidden) { this.back(); } else if (this.running) { this.running.abort(); } else { this.toggle(); }
    }

    toggle(focus = true) {
        if (!this.panel) { this.build(); this.recall(); }
        this.panel.hidden = !this.panel.hidden;
        this.opener.setAttribute('aria-expanded', String(this.isOpen));
        this.room.classList.toggle('opened', this.isOpen);
        store.write({ open: this.isOpen });
        this.place();
        if (focus) { (this.isOpen ? this.box : this.opener).focus({ preventScroll: true }); }
    }

    grow() {
        const large = this.room.classList.toggle('large');
        for (const name of ['aria-label', 'title']) { this.size.setAttribute(name, say(large ? 'smaller' : 'larger')); }
        this.place();
    }

    attach() {
        this.extent.docked = !this.isDocked();
        lasting.write(this.extent);
        if (this.room.classList.contains('large')) { this.grow(); } else { this.place(); }
    }

    halve(half) {
        this.half = half;
        store.write({ half });
        this.place();
    }

    // The sheet follows the finger that draws its grip, and in the end is half or full.
    pull(event) {
        const grip = event.currentTarget, from = event.clientY, was = this.panel.offsetHeight;
        const move = ({ clientY }) => {
            const by = (clientY - from) / Number(this.room.style.zoom);
            this.pulled ||= Math.abs(by) > 8;
            this.panel.style.height = `${was - by}px`;
        };
        this.pulled = false;
        grip.setPointerCapture(event.pointerId);
        grip.addEventListener('pointermove', move);
        grip.addEventListener('lostpointercapture', () => {
            const part = this.panel.offsetHeight / this.room.offsetHeight;
            grip.removeEventListener('pointermove', move);
            this.panel.style.height = '';
            if (this.pulled) { this.halve(part < (this.half ? 0.6 : 0.9)); }
        }, { once: true });
    }

    lift(event) {
        if (!['ArrowUp', 'ArrowDown'].includes(event.key)) { return; }
        event.preventDefault();
        this.halve(event.key === 'ArrowDown');
    }

    // The panel's size is drawn at its edges, or set with the arrow keys there; it is the same on the next page.
    measure() {
        for (const side of ['width', 'height']) {
            const most = Math.round(side === 'width' && this.isBeside() ? window.innerWidth - BESIDE : this.seen()[side] - 40), least = Math.min(LEAST[side], most);
            const now = Math.max(least, Math.min(Number(this.extent[side]) || USUAL[side], most));
            this.panel.style.setProperty(`--${side}`, `${now}px`);
            Object.assign(this.handles[side], { ariaValueMin: String(least), ariaValueMax: String(most), ariaValueNow: String(Math.round(now)) });
        }
        this.share();
    }

    resize(side, value) {
        this.extent[side] = value;
        this.measure();
        this.extent[side] = Number(this.handles[side].ariaValueNow);
        lasting.write(this.extent);
    }

    drag(event, side) {
        event.preventDefault();
        const handle = this.handles[side], along = side === 'width' ? 'clientX' : 'clientY';
        const way = side === 'width' && this.room.classList.contains('left') ? 1 : -1;
        const from = event[along], was = Number(handle.ariaValueNow);
        const move = (now) => this.resize(side, was + way * (now[along] - from));
        handle.setPointerCapture(event.pointerId);
        handle.addEventListener('pointermove', move);
        handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), { once: true });
    }

    nudge(event, side) {
        const { ariaValueNow, ariaValueMin, ariaValueMax } = this.handles[side];
        const outward = side === 'height' ? 'ArrowUp' : this.room.classList.contains('left') ? 'ArrowRight' : 'ArrowLeft';
        const inward = { ArrowUp: 'ArrowDown', ArrowRight: 'ArrowLeft', ArrowLeft: 'ArrowRight' }[outward];
        const now = Number(ariaValueNow);
        const wanted = { [outward]: now + STEP, [inward]: now - STEP, Home: Number(ariaValueMin), End: Number(ariaValueMax) }[event.key];
        if (wanted === undefined) { return; }
        event.preventDefault();
        this.resize(side, wanted);
    }

    fit() {
        this.box.style.height = 'auto';
        this.box.style.height = `${Math.min(this.box.scrollHeight, 140)}px`;
    }

    // An article that is on no wiki is shown here, as far as it stands around the sentence: our own page of it knows
    // nobody who comes from a wiki.
    async show(citation, link) {
        const shown = make('div', { class: 'passage', dir: 'auto' }), back = button('tool', say('back'), () => this.back());
        this.from = link;
        this.view.replaceChildren(back, make('h3', { dir: 'auto' }, citation.title), shown);
        this.log.hidden = true;
        this.view.hidden = false;
        back.focus({ preventScroll: true });
        const { article, start, end } = citation;
        try {
            const { before, quote, after } = await (await post('passage', { article, start, end })).json();
            const parts = (text) => text.split(/^#{1,6} (.*)$/m).map((part, at) => (at % 2 ? make('b', {}, part) : part));
            const marked = make('mark', {}, ...parts(quote));
            shown.replaceChildren(...parts(before), marked, ...parts(after));
            this.view.scrollTop = marked.offsetTop - this.view.offsetTop - 80;
        } catch (error) {
            const said = error.status === 404 ? 'lost' : error.said || 'offline';
            shown.replaceChildren(make('p', { class: 'notice' }, say(said)));
            this.tell(said);
        }
    }

    back() {
        this.view.hidden = true;
        this.log.hidden = false;
        (this.from?.isConnected ? this.from : this.box).focus();
    }

    welcome() {
        this.view.hidden = true;
        this.log.hidden = false;
        this.log.replaceChildren(make('p', { class: 'hello' }, say('hello')));
    }

    tell(key) { this.status.textContent = say(key); }

    renew() {
        this.running?.abort();
        this.free(this.running);
        conversation = random();
        store.write({ conversation, asked: '' });
        this.welcome();
        this.choose('');
    }

    async forget() {
        try {
            await post('forget', {});
            this.renew();
            this.tell('forgotten');
        } catch (error) { this.tell(error.said || 'offline'); }
    }

    // What was said before on other pages, with the rights of now.
    async recall() {
        const kept = store.read();
        if (!kept.conversation) { return; }
        try {
            const { answers } = await (await post('turns', {})).json();
            for (const answer of answers) { this.turn(answer.question, { pages: answer.scope?.pages }).finish(answer); }
            if (kept.asked && answers.at(-1)?.question !== kept.asked && !this.box.value) { this.box.value = kept.asked; this.fit(); }
        } catch { /* it is asked anew */ }
    }

    turn(question, about = {}) {
        this.view.hidden = true;
        this.log.hidden = false;
        this.log.querySelector('.hello')?.remove();
        this.log.querySelector('.forget')?.remove();
        const turn = new Turn(this, question, about);
        this.log.append(turn.element);
        this.log.append(button('forget', say('forget'), () => this.forget()));
        this.follow(turn.element);
        return turn;
    }

    follow(element) { this.log.scrollTop = element.offsetTop - this.log.offsetTop - 8; }

    async ask(given, chosen) {
        const question = (given ?? this.box.value).trim();
        if (!question || this.running) { return; }
        const about = chosen || { quote: this.quote, pages: this.scoped || this.quote ? addresses() : [] };
        this.quote = '';
        this.tellAbout();
        this.box.value = '';
        this.fit();
        const turn = this.turn(question, about), running = new AbortController();
        this.running = running;
        this.send.textContent = say('stop');
        this.log.setAttribute('aria-busy', 'true');
        store.write({ conversation, asked: question });
        turn.wait('searching');
        const at = this.log.scrollTop;
        try {
            for await (const { name, data } of events(await post('ask', { question, stream: true, ...about }, running.signal))) {
                if (name === 'error') { throw Object.assign(new Error(name), { said: 'failed' }); }
                turn.take(name, data);
                if (name === 'answer') {
                    this.free(running);    // the next question need not wait for the stream's end
                    store.write({ asked: '' });
                    this.tell('ready');
                    if (this.log.scrollTop === at) { this.follow(turn.element); }    // there was no room to, before
                }
            }
            if (turn.answer) { turn.further(); } else { throw new Error('the stream was cut off'); }
        } catch (error) {
            if (!turn.answer) { turn.fail(running.signal.aborted ? '' : say(error.said || 'offline')); }
        } finally {
            this.free(running);
        }
    }

    // Another question may be asked once this one, if it is the last, has its answer or has failed.
    free(running) {
        if (!running || this.running !== running) { return; }
        this.running = null;
        this.send.textContent = say('send');
        this.log.removeAttribute('aria-busy');
    }

    goOn(question, list) {
        if (this.running) { return; }
        list.previousSibling.remove();
        list.remove();
        this.ask(question);
        this.box.focus({ preventScroll: true });
    }

    // To the words on this page, or to the page that has them.
    go(event, citation, heading) {
        const page = pageOf(citation.url);
        if (citation.own) {
            event.preventDefault();
            this.show(citation, event.currentTarget);
            return;
        }
        if (!here().has(page)) {
            if (page && new URL(citation.url, location.href).origin === location.origin) {
                store.write({ mark: { page, quote: citation.quote, heading } });
            }
            return;
        }
        const block = mark(citation.quote, heading, () => {
            if (this.isSmall()) { this.halve(true); this.follow(event.currentTarget.closest('.turn')); } else if (this.covers()) { this.toggle(false); }
        });
        this.tell(block ? 'marked' : 'gone');
        if (!block) { return; }
        event.preventDefault();
        if (!this.isOpen) {
            block.tabIndex = -1;
            block.focus({ preventScroll: true });
        }
    }
}

// A question and its answer.
class Turn {
    constructor(widget, question, { quote = '', pages = [] }) {
        Object.assign(this, { widget, question, quote, scoped: pages.length > 0, count: 1 });
        this.words = '';
        this.sentences = [];
        this.citations = [];
        this.text = make('div', { class: 'text', dir: 'auto' });
        this.more = make('div');
        const asked = make('h3', { class: 'asked', dir: 'auto' }, make('span', { class: 'unseen' }, `${say('you')}: `), question);
        if (quote) { asked.append(make('blockquote', { dir: 'auto' }, quote)); }
        // After a reload on another page, it was about that one.
        const there = pages.length && pages.some((one) => here().has(pageOf(one))) ? say('page') : pages[0];
        if (this.scoped) { asked.append(make('span', { class: 'facts' }, there)); }
        this.element = make('article', { class: 'turn' }, asked, this.text, this.more);
    }

    wait(key) {
        this.more.replaceChildren(make('p', { class: 'waiting' }, say(key)));
        this.widget.tell(key);
    }

    take(name, data) {
        if (name === 'found') { this.count = data.count; this.wait('reading'); }
        if (name === 'words') { this.words += data.text; }
        if (name === 'citation') { this.citations.push(data); }
        if (name === 'ready') { this.words = data.answer; this.citations = data.citations; this.sure = data.answered ? data.confidence : null; this.wait('writing'); }
        if (name === 'sentence') { this.sentences[data.number] = data.state === 'supported' ? data.text : ''; }
        if (name === 'answer') { this.finish(data); } else { this.write(`${this.words}\n\n${this.sentences.join('')}`); }
    }

    finish(given) {
        const words = given.answered ? given.answer : translated(given.answer);
        const answer = { ...given, answer: words, notice: translated(given.notice) };
        this.answer = answer;
        this.citations = [...answer.citations, ...answer.nearest];
        this.write(answer.extract ? `${answer.extract}\n\n${answer.answer}` : answer.answer);
        const sure = answer.answered ? answer.confidence ?? this.sure ?? 1 : 1;
        if (sure < SHARED.likely) { this.text.prepend(make('p', { class: 'notice' }, say('doubtful'))); }
        const often = sure >= SHARED.likely && sure < SHARED.sure && say('unsure').replace('{n}', Math.round(sure * 10));
        const shown = answer.answered ? answer.citations : answer.nearest;
        const elsewhere = this.scoped && !answer.answered && !answer.remark;
        const notices = [answer.notice, elsewhere && !this.count && say('unknown')].filter(Boolean);
        this.more.replaceChildren(...(often ? [make('p', { class: 'facts' }, often)] : []), ...notices.map((one) => make('p', { class: 'notice' }, one)),
            ...(elsewhere ? [button('tool', say('everywhere'), () => this.widget.ask(this.question, { quote: this.quote }))] : []),
            ...(shown.length ? [make('h4', {}, say(answer.answered ? 'sources' : 'nearest')), this.list(shown)] : []),
            ...(answer.offers?.length ? [make('h4', {}, say('turn')), make('ul', {}, ...answer.offers.map((one) => this.offer(one)))] : []),
            ...(answer.remark ? [] : [this.tools()]));
    }

    fail(sentence) {
        this.more.replaceChildren(...(sentence ? [make('p', { class: 'notice' }, sentence)] : []));
        this.widget.status.textContent = sentence;
    }

    // Paragraphs, with the marks [1] as links to their quotes, and code as it is: lines four spaces in that are no items.
    write(text) {
        // One mark is enough for a list: the last item's.
        text = text.replace(REPEATED, '$1');
        const blocks = [], ours = TEXTS.en.disagree;    // the only words in an answer that are no article's
        for (const line of (text.startsWith(ours) ? text.replace(ours, () => say('disagree')) : text).split('\n')) {
            const last = blocks.at(-1)?.tag;
            const tag = /^ {4}/.test(line) && (last === 'pre' || !/^ *(-|\d+[.)]) +\S/.test(line)) ? 'pre' : line.trim() ? 'p' : '';
            if (tag && tag === last) { blocks.at(-1).lines.push(line); } else { blocks.push({ tag, lines: [line] }); }
        }
        this.text.replaceChildren(...blocks.filter((block) => block.tag).map(({ tag, lines }) => (tag === 'p'
            ? this.paragraph(lines.join('\n').trim()) : this.code(lines.map((line) => line.slice(4)).join('\n')))));
    }

    // Items that are rows of a table stand in one.
    paragraph(words) {
        const parts = drawn(words.replace(/^- (?=[^:|\n]{1,60}: .* \| )/gm, '')), tables = parts.filter((part) => part instanceof Element);
        if (!tables.length) { return make('p', {}, ...this.marked(words)); }
        for (const cell of tables.flatMap((table) => [...table.querySelectorAll('td')])) { cell.replaceChildren(...this.marked(cell.textContent)); }
        return make('div', { class: 'rows', tabindex: 0 }, ...parts.flatMap((part) => (part instanceof Element ? [part] : this.marked(part))));
    }

    marked(words) {
        return words.split(/(\[\d+\])/).map((piece) => {
            const cited = /^\[\d+\]$/.test(piece) && this.citations.find((one) => one.number === Number(piece.slice(1, -1)));
            return cited ? this.link(cited, piece, { class: 'mark', 'aria-label': `${say('sources')} ${piece}: ${cited.title}` }) : piece;
        });
    }

    code(text) {
        return make('div', { class: 'code' }, make('pre', { tabindex: 0 }, make('code', { dir: 'ltr' }, text)),
            button('tool', say('copy'), ({ target }) => this.put(text, target)));
    }

    link(citation, words, more = {}) {
        const heading = (citation.heading || '').split(' › ').pop();
        let href = /^https?:\/\//i.test(citation.url) ? citation.url : '';
        const own = !href;
        if (own) {
            // An article of a folder: our own page of it. A path with dots or empty parts is one name.
            const parts = citation.article.split('/');
            const path = encodeURIComponent(citation.article);
            const odd = parts.some((one) => ['', '.', '..'].includes(one));
            href = `${CHAT}/article/${odd ? path : parts.map(encodeURIComponent).join('/')}?start=${citation.start}&end=${citation.end}#quote`;
        }
        const away = !own && new URL(href, location.href).origin !== location.origin;
        const where = away ? { target: '_blank', rel: 'noopener', title: say('opens') } : {};
        const onclick = (event) => { if (!event.ctrlKey && !event.metaKey && !event.shiftKey) { this.widget.go(event, { ...citation, url: href, own }, heading); } };
        return make('a', { href, ...where, ...more, onclick }, words);
    }

    list(citations) {
        const known = here();
        return make('ol', {}, ...citations.map((citation) => {
            const path = citation.heading.split(' › ').filter((part) => part && part !== citation.title).join(' › ');
            const facts = [path, known.has(pageOf(citation.url)) ? say('here') : ''].filter(Boolean).join(' · ');
            const date = citation.updated ? [facts && ' · ', make('span', { class: 'date' }, dated(citation.updated))] : [];
            return make('li', { value: citation.number, dir: 'auto' }, this.link(citation, citation.title), make('span', { class: 'facts' }, facts, ...date),
                this.quoted(citation.quote));
        }));
    }

    quoted(quote) {
        const shown = drawn(quote), rows = shown.some((part) => part instanceof Element);
        return make('blockquote', { dir: 'auto', ...(rows && { class: 'rows', tabindex: 0 }) }, ...shown);
    }

    offer({ text, link }) {
        const away = { target: '_blank', rel: 'noopener', title: say('opens') };
        const whole = /^(https?:\/\/|mailto:)/i.test(link);
        return make('li', { dir: 'auto' }, whole ? make('a', { href: link, ...(/^mailto:/i.test(link) ? {} : away) }, text) : text);
    }

    // What the cited articles answer as well, where the server knows some.
    async further() {
        if (!this.answer.answered || this.answer.remark) { return; }
        try {
            const { questions } = await (await post('further', {})).json();
            if (!questions.length || !this.element.isConnected || this.element !== this.widget.log.querySelector('.turn:last-of-type')) { return; }
            const list = make('ul', { class: 'further' }, ...questions.map((one) => make('li', { dir: 'auto' },
                button('tool', one, () => this.widget.goOn(one, list)))));
            this.more.append(make('h4', {}, say('further')), list);
        } catch { /* then there are none */ }
    }

    tools() {
        const thumb = (way) => button('tool', say(way), async ({ target }) => {
            try {
                await post('judge', { question: this.question, thumb: way });
                for (const one of thumbs) { one.setAttribute('aria-pressed', String(one === target)); }
                this.widget.tell('thanks');
            } catch (error) { this.widget.tell(error.said || 'offline'); }
        }, { 'aria-pressed': 'false' });
        const thumbs = [thumb('up'), thumb('down')];
        return make('div', { class: 'tools' }, button('tool', say('copy'), (event) => this.copy(event.target)), ...thumbs);
    }

    copy(pressed) {
        const { answer, extract, citations } = this.answer;
        const sources = citations.map((one) => `[${one.number}] ${one.title}: “${one.quote.replace(/\s+/g, ' ')}” ${this.link(one, '').href}`);
        this.put([extract, answer, sources.join('\n')].filter(Boolean).join('\n\n'), pressed);
    }

    // Text is put on the clipboard.
    async put(text, pressed) {
        try {
            await navigator.clipboard.writeText(text);
        } catch {                           // over http there is no such clipboard
            const box = make('textarea', { class: 'unseen' });
            box.value = text;
            this.element.append(box);
            box.select();
            document.execCommand('copy');
            box.remove();
            pressed.focus();
        }
        pressed.textContent = say('copied');
        setTimeout(() => { pressed.textContent = say('copy'); }, 2000);
    }
}

function start() {
    customElements.define(NAME, Assistant);
    const widget = document.createElement(NAME);
    document.body.append(widget);
    window.articleAssistant = {
        open(question) {
            if (!widget.isOpen) { widget.toggle(); }
            if (question) { widget.ask(String(question).slice(0, 2000)); }
        },
        close() { if (widget.isOpen) { widget.toggle(); } },
        leave,
    };
}
window.articleAssistant = {};               // once a page, however often the line is in it
if (document.body) { start(); } else { document.addEventListener('DOMContentLoaded', start); }
})();
