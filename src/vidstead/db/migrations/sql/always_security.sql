-- Row-level security and grants, for everything in the schemas app and procrastinate. Run as the owner after every
-- upgrade; it only adds what is missing, so a new table with environment_id can't be forgotten.
--
-- The setting is '' after the first transaction of a connection that set it, hence nullif. The subselect makes the
-- planner read it once per query. FORCE puts the owner under the policies too; the owner's own policy lets it work
-- (migrations, SECURITY DEFINER functions).

do $$
declare
    found regclass;
    rule text;
    mine constant text := '(select nullif(current_setting(''app.environment_id'', true), ''''))';
begin
    for found, rule in
        select c.oid::regclass,
            case c.relname
                when 'environments' then 'id = ' || mine
                when 'organizations' then
                    'id = (select organization_id from app.environments where id = ' || mine || ')'
                else 'environment_id = ' || mine
            end
        from pg_class c
        where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
            and (c.relname in ('environments', 'organizations') or exists (
                select from pg_attribute a
                where a.attrelid = c.oid and a.attname = 'environment_id' and not a.attisdropped
            ))
        order by 1
    loop
        execute format('alter table %s enable row level security', found);
        execute format('alter table %s force row level security', found);
        if not exists (select from pg_policy where polrelid = found and polname = 'environment') then
            execute format('create policy environment on %s using (%s) with check (%s)', found, rule, rule);
        end if;
        if not exists (select from pg_policy where polrelid = found and polname = 'owner_all') then
            execute format('create policy owner_all on %s to current_user using (true) with check (true)', found);
        end if;
    end loop;
end
$$;

-- vs_app reads and writes rows, and can change no table. The log of events only grows under it, environments and
-- organisations come and go by function, and the list of migrations is not its business.
revoke all on schema app, procrastinate from public;
grant usage on schema app to vs_app;
grant select, insert, update, delete on all tables in schema app to vs_app;
revoke update, delete on app.events from vs_app;
revoke insert, update, delete on app.environments, app.organizations from vs_app;
revoke all on app.alembic_version from vs_app;
revoke execute on all functions in schema app from public;
grant execute on all functions in schema app to vs_app;

-- vs_queue works the queue and sees nothing of tenants. vs_app puts jobs in by app.defer_job alone.
grant usage on schema procrastinate to vs_queue;
grant select, insert, update, delete on all tables in schema procrastinate to vs_queue;
grant usage, select on all sequences in schema procrastinate to vs_queue;
revoke execute on all functions in schema procrastinate from public;
grant execute on all functions in schema procrastinate to vs_queue;

-- Whoever changes jobs by hand, with whatever search_path: the triggers find their tables.
do $$
declare
    found regprocedure;
begin
    for found in
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = 'procrastinate'::regnamespace and p.proconfig is null and p.prokind = 'f'
    loop
        execute format('alter routine %s set search_path to procrastinate, pg_temp', found);
    end loop;
end
$$;
