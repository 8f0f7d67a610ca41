-- How vs_app puts a job into the queue: in its own transaction, one statement, and an existing twin is no error.
--
-- `once` names a job of which one may wait. A twin that waits already is locked until our commit, so a worker can't
-- take it before what we wrote is visible: whoever defers with `once` is followed by a run that sees its changes.
-- The twin gets the better of both priorities and the earlier of both times.
create function defer_job(
    queue text, task text, priority int, once text, args jsonb, in_seconds double precision, fair_to text
) returns bigint
    language sql volatile security definer set search_path = procrastinate, pg_temp
    as $$
        insert into procrastinate_jobs as job (queue_name, task_name, priority, queueing_lock, args, scheduled_at)
        values (
            queue, task,
            -- Behind one more of others for each that its environment has waiting already: they take turns.
            priority - (select count(*) from (
                select from procrastinate_jobs
                where queue_name = queue and status = 'todo' and args->>'environment_id' = fair_to limit 1000
            ) as waiting),
            once, args,
            case when in_seconds > 0 then now() + make_interval(secs => in_seconds) end
        )
        on conflict (queueing_lock) where status = 'todo' do update set
            priority = greatest(job.priority, excluded.priority),
            scheduled_at = case when excluded.scheduled_at is not null
                then least(job.scheduled_at, excluded.scheduled_at) end
        returning id
    $$;
