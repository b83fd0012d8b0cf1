//! Runs and rollbacks that are killed, and answers that are lost.

use super::*;

/// How many journal writes a whole deployment makes.
async fn writes() -> usize {
    let setup = Setup::new();
    let mut total = 0;
    loop {
        total += 1;
        let journal = Arc::new(Mortal::new(setup.journal.clone(), total, false));
        let run = setup.pipeline().with_journal(journal);
        if tokio::time::timeout(seconds(30), run.run()).await.is_ok() {
            return total - 1;
        }
        setup.pipeline().roll_back().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_at_any_journal_write_is_resumed_or_rolled_back() {
    // errata ALL-19, INT-34, ALL-18
    let writes = writes().await;
    assert!(writes >= 8, "{writes}");
    for number in 1..=writes {
        for after in [false, true] {
            for resume in [true, false] {
                let context = format!("write {number}, after: {after}, resume: {resume}");
                let setup = Setup::new();
                let journal = Arc::new(Mortal::new(setup.journal.clone(), number, after));
                let killed = setup.pipeline().with_journal(journal);
                tokio::time::timeout(seconds(30), killed.run())
                    .await
                    .expect_err(&context);
                if resume {
                    let deployment = setup.pipeline().run().await.unwrap();
                    let finished = number == writes && after;
                    let expected = if finished {
                        Change::Unchanged
                    } else {
                        Change::Created
                    };
                    assert_eq!(deployment.change, expected, "{context}");
                    setup.assert_deployed(&context).await;
                    let creations = setup.cloud.with(|state| {
                        state
                            .effects
                            .iter()
                            .filter(|line| line.starts_with("POST"))
                            .count()
                    });
                    assert_eq!(creations, 1, "{context}");
                } else {
                    let anything = setup.pipeline().roll_back().await.unwrap();
                    assert_eq!(anything, number > 1 || after, "{context}");
                    setup.assert_clean(&context).await;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_while_a_request_is_in_the_air_is_resumed_or_rolled_back() {
    // errata ALL-19, INT-39
    for verb in [
        "POST /api/v2/integrations",
        "POST /api/v2/integrations/i-1/test",
        "PATCH /api/v2/integrations/i-1",
    ] {
        for resume in [true, false] {
            let setup = Setup::new();
            setup.cloud.with(|state| state.hang = Some(verb));
            let run = setup.pipeline();
            let mut killed = Box::pin(run.run());
            while !setup.rig.lines().iter().any(|line| line.starts_with(verb)) {
                assert!(futures_util::poll!(killed.as_mut()).is_pending());
                tokio::task::yield_now().await;
            }
            drop(killed);
            if resume {
                assert_eq!(
                    setup.pipeline().run().await.unwrap().change,
                    Change::Created,
                    "{verb}"
                );
                setup.assert_deployed(verb).await;
            } else {
                setup.pipeline().roll_back().await.unwrap();
                setup.assert_clean(verb).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_anywhere_is_no_failure() {
    // errata ALL-07, ALL-18
    for verb in [
        "POST /api/v2/integrations",
        "POST /api/v2/integrations/i-1/test",
        "PATCH /api/v2/integrations/i-1",
    ] {
        let setup = Setup::new();
        setup.cloud.with(|state| state.lose = Some(verb));
        assert_eq!(
            setup.pipeline().run().await.unwrap().change,
            Change::Created,
            "{verb}"
        );
        setup.assert_deployed(verb).await;
    }
    let setup = Setup::new();
    setup.pipeline().run().await.unwrap();
    setup.cloud.with(|state| state.lose = Some("DELETE"));
    setup.pipeline().roll_back().await.unwrap();
    setup.assert_clean("DELETE").await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_killed_at_any_journal_write_is_finished_later() {
    // errata ALL-19
    for number in 1..=6 {
        let setup = Setup::new();
        setup.pipeline().run().await.unwrap();
        let journal = Arc::new(Mortal::new(setup.journal.clone(), number, false));
        let dying = setup.pipeline().with_journal(journal);
        tokio::time::timeout(seconds(30), dying.roll_back())
            .await
            .expect_err("killed");
        setup.pipeline().roll_back().await.unwrap();
        setup.assert_clean(&format!("write {number}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_finishes_a_killed_rollback_before_it_begins_anew() {
    let setup = Setup::new();
    setup.pipeline().run().await.unwrap();
    let dying =
        setup
            .pipeline()
            .with_journal(Arc::new(Mortal::new(setup.journal.clone(), 2, true)));
    tokio::time::timeout(seconds(30), dying.roll_back())
        .await
        .expect_err("killed");
    let deployment = setup.pipeline().run().await.unwrap();
    assert_eq!(
        (deployment.change, deployment.integration.id.as_str()),
        (Change::Created, "i-2")
    );
    assert_eq!(setup.watched(), ["watch-i-2"]);
}
