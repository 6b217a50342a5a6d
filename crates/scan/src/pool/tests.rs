#![allow(clippy::trivially_copy_pass_by_ref)] // jobs are numbers here

use super::*;

const SHORT: Option<Duration> = Some(Duration::from_millis(20));

fn settings(workers: usize, limit: Option<Duration>) -> Settings {
    Settings { workers, limit, grace: limit.unwrap_or_default(), left: Arc::default() }
}

fn lost(job: &u32, lost: Lost) -> (u32, Option<Lost>) {
    (*job, Some(lost))
}

fn results(
    jobs: u32,
    settings: &Settings,
    work: impl Fn(&u32, &Guard) -> Option<(u32, Option<Lost>)> + Send + Sync + 'static,
) -> Vec<(u32, Option<Lost>)> {
    let mut all = Vec::new();
    let sink = |result| {
        all.push(result);
        Ok(())
    };
    let end = run(0..jobs, settings, &Stop::default(), work, lost, sink).expect("threads");
    assert_eq!(end, End::Done);
    all.sort_unstable_by_key(|(job, _)| *job);
    all
}

#[test]
fn every_job_has_one_result() {
    let all = results(1000, &settings(3, None), |job, _| Some((*job, None)));
    assert_eq!(all, (0..1000).map(|job| (job, None)).collect::<Vec<_>>());
}

#[test]
fn a_job_that_hangs_costs_itself_only() {
    // All but those that hang are done long before this, on a busy machine too.
    let limit = Some(Duration::from_millis(200));
    let all = results(20, &settings(2, limit), |job, _| match job {
        3..=5 => loop {
            thread::park();
        },
        _ => Some((*job, None)),
    });
    let expected = |job| (3..=5).contains(&job).then_some(Lost::TimedOut);
    assert_eq!(all, (0..20).map(|job| (job, expected(job))).collect::<Vec<_>>());
}

#[test]
fn a_job_that_panics_costs_itself_only() {
    let all = results(20, &settings(2, None), |job, _| {
        assert_ne!(*job, 6, "on purpose");
        Some((*job, None))
    });
    let expected = |job| (job == 6).then_some(Lost::Panicked);
    assert_eq!(all, (0..20).map(|job| (job, expected(job))).collect::<Vec<_>>());
}

#[test]
fn threads_that_hang_are_bounded() {
    let started = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&started);
    let all = results(40, &settings(2, SHORT), move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        loop {
            thread::park();
        }
    });
    let most = Settings::MOST_LEFT + 2;
    assert_eq!(started.load(Ordering::SeqCst), most);
    let of = |wanted| all.iter().filter(|(_, lost)| *lost == Some(wanted)).count();
    assert_eq!((all.len(), of(Lost::TimedOut), of(Lost::GaveUp)), (40, most, 40 - most));
}

#[test]
fn stop_ends_without_waiting_for_the_list() {
    let stop = Stop::default();
    let ask = stop.clone();
    let endless = (0..).inspect(|n: &u32| {
        if *n > 100 {
            thread::sleep(Duration::from_hours(1));
        }
    });
    let mut seen = 0;
    let sink = |_| {
        seen += 1;
        if seen == 50 {
            ask.set();
        }
        Ok(())
    };
    let end =
        run(endless, &settings(2, None), &stop, |job, _| Some((*job, None)), lost, sink).expect("threads");
    assert_eq!(end, End::Stopped);
    assert!((50..=101).contains(&seen), "{seen}");
}
