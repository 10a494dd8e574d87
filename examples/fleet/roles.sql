-- Run once, by the owner, as the database is made: the role of the workers, which makes nothing and owns nothing.
\getenv password TEXTS_PASSWORD
CREATE ROLE texts LOGIN PASSWORD :'password';
