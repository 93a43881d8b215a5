// At the end of the page MediaWiki:Common.js. Readers are asked as guests; for who they are see docs/embedding.md.
mw.loader.load( '{{chat}}/widget.js' );
