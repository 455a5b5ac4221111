"""What the HTML pages share: styles, charts, players, the facts of a row."""
