-- The listed, tested crossings of environments: SECURITY DEFINER functions owned by vs_owner, callable by vs_app.
-- Each answers one question; none takes a filter that could list what belongs to others.

-- Who is this token? By id (HTTP Basic) or by its secret alone (Bearer). Revoked tokens are nobody.
create function token_by_id(wanted text) returns setof access_tokens
    language sql stable security definer set search_path = app, pg_temp
    as $$ select * from access_tokens where id = wanted and revoked_at is null $$;

create function token_by_secret(wanted bytea) returns setof access_tokens
    language sql stable security definer set search_path = app, pg_temp
    as $$ select * from access_tokens where secret_sha256 = wanted and revoked_at is null $$;

-- Whose is this playback id?
create function playback_by_id(wanted text) returns setof playback_ids
    language sql stable security definer set search_path = app, pg_temp
    as $$ select * from playback_ids where id = wanted $$;

-- Whose is this upload address? The secret in it is the only credential.
create function upload_by_id(wanted text) returns setof uploads
    language sql stable security definer set search_path = app, pg_temp
    as $$ select * from uploads where id = wanted $$;

-- The next events after a cursor, in the order of (xid, id), below every transaction that still runs.
create function events_after(after_xid xid8, after_id bigint, most int) returns setof events
    language sql stable security definer set search_path = app, pg_temp
    as $$
        select * from events
        where (xid, id) > (after_xid, after_id) and xid < pg_snapshot_xmin(pg_current_snapshot())
        order by xid, id
        limit least(most, 10000)
    $$;

-- Cron: uploads whose time is over.
create function uploads_overdue(most int) returns setof uploads
    language sql stable security definer set search_path = app, pg_temp
    as $$ select * from uploads where status = 'waiting' and expires_at < now() order by expires_at limit most $$;

-- Cron: grids that are dead and still have rows, or that lack cells though nobody works on them.
create function grids_to_sweep(most int) returns table (environment_id text, grid_id text)
    language sql stable security definer set search_path = app, pg_temp
    as $$ select environment_id, id from grids where dead_at is not null order by dead_at limit most $$;

-- Cron: clips that viewers asked for by address, and have not asked for since.
create function clips_to_let_go(most int) returns table (environment_id text, grid_id text)
    language sql stable security definer set search_path = app, pg_temp
    as $$ select environment_id, id from grids where kept_until < now() order by kept_until limit most $$;

-- Set-up: is there an environment at all? And the first one, made once.
create function environments_exist() returns boolean
    language sql stable security definer set search_path = app, pg_temp
    as $$ select exists (select from environments) $$;

create function create_environment(
    organization_id text, organization_name text, environment_id text, environment_name text, environment_type text
) returns void
    language sql security definer set search_path = app, pg_temp
    as $$
        insert into organizations (id, name) values (organization_id, organization_name) on conflict do nothing;
        insert into environments (id, organization_id, name, type)
            values (environment_id, organization_id, environment_name, environment_type);
    $$;

-- The environment a token belongs to, for whoami.
create function environment_by_id(wanted text) returns setof environments
    language sql stable security definer set search_path = app, pg_temp
    as $$ select * from environments where id = wanted $$;
