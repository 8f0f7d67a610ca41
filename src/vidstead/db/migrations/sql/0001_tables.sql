-- The tables of the walking skeleton, in the schema app, owned by vs_owner.
--
-- Every tenant table has environment_id, leads its indexes with it where it is searched by anything else, and is
-- under row-level security (0001_security.sql makes that, for every table that has the column).
-- Identifiers that the API shows are text; what only the grid uses is narrow.

create table organizations (
    id text primary key,
    name text not null,
    created_at timestamptz not null default now()
);

create table environments (
    id text primary key,
    organization_id text not null references organizations,
    name text not null,
    type text not null check (type in ('development', 'production')),
    created_at timestamptz not null default now()
);

create table access_tokens (
    id text primary key,
    environment_id text not null references environments,
    name text not null,
    secret_sha256 bytea not null unique,
    permissions text[] not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

-- The log of what happened: written in the transaction of the change, read by cursors in the order (xid, id) below
-- pg_snapshot_xmin, so that no late commit is skipped.
create table events (
    id bigint generated always as identity primary key,
    xid xid8 not null default pg_current_xact_id(),
    environment_id text not null,
    type text not null,
    subject_type text not null,
    subject_id text not null,
    data jsonb not null,
    created_at timestamptz not null default now()
);
create index events_in_order on events (xid, id);

-- How far each reader of the log is. One process at a time moves a cursor: the holder, until its lease ends.
create table event_cursors (
    name text primary key,
    xid xid8 not null default '0',
    event_id bigint not null default 0,
    holder text,
    leased_until timestamptz not null default '-infinity',
    moved_at timestamptz not null default now()
);

-- How fast machines encode, as their workers measured it; one that is not seen for a minute is as good as none.
create table encode_speeds (
    machine text not null,
    fingerprint text not null,
    speed double precision not null check (speed > 0),
    measured_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    primary key (machine, fingerprint)
);

create table grids (
    id text primary key,
    environment_id text not null references environments,
    rate_numerator int not null,
    rate_denominator int not null,
    bounds int[] not null,
    uses int not null default 1 check (uses >= 0),
    dead_at timestamptz,
    -- Of a clip: the film that it is cut from. A clip of the same frames is there once, whoever uses it.
    film_id text references grids,
    -- Of a clip that viewers asked for by address: until when that alone keeps it (one of its uses).
    kept_until timestamptz,
    created_at timestamptz not null default now()
);
create unique index clips_of_film on grids (film_id, (bounds[1]), (bounds[array_upper(bounds, 1)]))
    where film_id is not null and dead_at is null;
create index clips_of_any_film on grids (film_id) where film_id is not null;
create index clips_kept on grids (kept_until) where kept_until is not null;

create table sources (
    id text primary key,
    environment_id text not null references environments,
    grid_id text not null references grids,
    parts jsonb not null,
    facts jsonb not null,
    index_key text not null,
    -- Over all parts; computed in the background, so it may be missing for a while.
    sha256 bytea
);
create index sources_of_grid on sources (environment_id, grid_id);

create table rows (
    id bigint generated always as identity primary key,
    environment_id text not null references environments,
    grid_id text not null references grids,
    source_id text not null references sources,
    name text not null,
    generation int not null,
    spec jsonb not null,
    init bytea not null,
    config bytea not null,
    codecs text not null,
    timescale int not null,
    fingerprint text not null,
    bandwidth int not null,
    bounds int[] not null,
    cells int not null,
    bytes bigint not null default 0,
    done int4multirange not null default '{}',
    -- Not part of what the film shows: made for clips alone.
    spare boolean not null default false,
    -- Of a clip's row: the film's row, the film's column beside our column 0, and which of our columns are its.
    lender_id bigint references rows,
    lender_column int not null default 0,
    lent_first int not null default 0,
    lent_count int not null default 0,
    unique (grid_id, name, generation)
) with (fillfactor = 50);
create index rows_of_grid on rows (environment_id, grid_id);
create index rows_by_lender on rows (lender_id) where lender_id is not null;

create table cells (
    row_id bigint not null references rows,
    index int not null,
    environment_id text not null,
    bytes int not null,
    sha256 bytea not null,
    encode_ms int not null,
    worker text not null,
    filler boolean not null default false,
    created_at timestamptz not null default now(),
    primary key (row_id, index)
);

-- Who makes a cell right now. A lease that ran out may be taken by anybody, one of background work also by hot work.
create table leases (
    row_id bigint not null references rows,
    index int not null,
    environment_id text not null,
    holder text not null,
    hot boolean not null,
    expires_at timestamptz not null,
    primary key (row_id, index)
);
create index leases_of_holder on leases (holder);

-- Which missing cells viewers wait for. The waiting web processes keep wanted_until ahead of now.
create table wants (
    row_id bigint not null references rows,
    index int not null,
    environment_id text not null,
    holder text not null,
    wanted_until timestamptz not null,
    primary key (row_id, index, holder)
);

create table assets (
    id text primary key,
    environment_id text not null references environments,
    status text not null check (status in ('preparing', 'ready', 'errored')),
    fill text not null check (fill in ('eager', 'lazy')),
    ingest_type text not null,
    upload_id text,
    source_url text,
    source_asset_id text,
    passthrough text,
    meta jsonb not null default '{}',
    options jsonb not null default '{}',
    test boolean not null default false,
    duration double precision,
    tracks jsonb not null default '[]',
    resolution_tier text,
    max_stored_frame_rate double precision,
    aspect_ratio text,
    progress double precision not null default 0,
    covered boolean not null default false,
    error_type text,
    error_messages text[],
    created_at timestamptz not null default now(),
    deleted_at timestamptz
);
create index assets_newest on assets (environment_id, created_at desc, id desc) where deleted_at is null;
create index assets_of_upload on assets (environment_id, upload_id) where upload_id is not null;

-- An asset is an ordered list of pieces of grids; an ordinary asset is one piece, the whole of its grid.
create table pieces (
    asset_id text not null references assets,
    position int not null,
    environment_id text not null references environments,
    grid_id text not null references grids,
    primary key (asset_id, position)
);
create index pieces_of_grid on pieces (environment_id, grid_id);

create table playback_ids (
    id text primary key,
    environment_id text not null references environments,
    asset_id text not null references assets,
    policy text not null check (policy in ('public', 'signed', 'drm')),
    created_at timestamptz not null default now()
);
create index playback_ids_of_asset on playback_ids (environment_id, asset_id);

create table uploads (
    id text primary key,
    environment_id text not null references environments,
    secret text not null,
    status text not null check (status in ('waiting', 'asset_created', 'errored', 'cancelled', 'timed_out')),
    url_base text not null,
    timeout int not null,
    cors_origin text,
    new_asset_settings jsonb not null,
    asset_id text,
    error_type text,
    error_message text,
    test boolean not null default false,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index uploads_newest on uploads (environment_id, created_at desc, id desc);
