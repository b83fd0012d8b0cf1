//! What a queue is made from.

use serde_json::Value;

use super::Kind;
use super::store::Store;
use crate::api_error::ApiError;
use crate::members::Members;

/// The members of the contract's queue.
const MEMBERS: [&str; 44] = [
    "id",
    "name",
    "division",
    "description",
    "dateCreated",
    "dateModified",
    "modifiedBy",
    "createdBy",
    "memberCount",
    "userMemberCount",
    "joinedMemberCount",
    "mediaSettings",
    "routingRules",
    "conditionalGroupRouting",
    "conditionalGroupActivation",
    "bullseye",
    "scoringMethod",
    "lastAgentRoutingMode",
    "acwSettings",
    "skillEvaluationMethod",
    "memberGroups",
    "queueFlow",
    "emailInQueueFlow",
    "messageInQueueFlow",
    "whisperPrompt",
    "onHoldPrompt",
    "defaultMediaLanguage",
    "autoAnswerOnly",
    "cannedResponseLibraries",
    "enableTranscription",
    "enableAudioMonitoring",
    "enableManualAssignment",
    "agentOwnedRouting",
    "directRouting",
    "callingPartyName",
    "callingPartyNumber",
    "defaultScripts",
    "outboundMessagingAddresses",
    "outboundEmailAddress",
    "peerId",
    "suppressInQueueCallRecording",
    "sourceQueueId",
    "selfUri",
    // The source document's, which the server works out as it does the counts.
    "members",
];
/// The server's own: ignored on the way in, so that what was read can be sent back.
pub(super) const OWN: [&str; 10] = [
    "id",
    "dateCreated",
    "dateModified",
    "createdBy",
    "memberCount",
    "userMemberCount",
    "joinedMemberCount",
    "selfUri",
    "members",
    "sourceQueueId",
];
/// Members that refer to one object by its id.
const REFERENCES: [&str; 5] = [
    "queueFlow",
    "emailInQueueFlow",
    "messageInQueueFlow",
    "whisperPrompt",
    "onHoldPrompt",
];
const OBJECTS: [&str; 10] = [
    "mediaSettings",
    "conditionalGroupRouting",
    "conditionalGroupActivation",
    "bullseye",
    "acwSettings",
    "cannedResponseLibraries",
    "directRouting",
    "defaultScripts",
    "outboundMessagingAddresses",
    "outboundEmailAddress",
];

/// Checks a queue as it is to be stored: a name that no other queue has, a division that exists, and members of the right
/// kind. That what it refers to exists is not checked: a reference may have been left behind by a deletion.
pub(super) fn check(store: &Store, queue: &Value, own: Option<&str>) -> Result<(), ApiError> {
    let mut members = Members::of(queue, &MEMBERS)?;
    let name = members.text("name", 256);
    members.optional_text("description", 2_048);
    for reference in REFERENCES {
        members.optional_object(reference, &["id", "name", "selfUri"], |inner| {
            inner.text("id", 256);
        });
    }
    for name in OBJECTS {
        if members.get(name).is_some_and(|value| !value.is_object()) {
            members.problem("invalid.type", name, "must be an object");
        }
    }
    for name in ["routingRules", "memberGroups"] {
        if members.get(name).is_some_and(|value| !value.is_array()) {
            members.problem("invalid.type", name, "must be an array");
        }
    }
    let division = members.optional_object(
        "division",
        &["id", "name", "selfUri", "homeDivision"],
        |inner| inner.text("id", 256),
    );
    if let Some(Some(id)) = division
        && store.get(Kind::Division, id).is_err()
    {
        members.problem("invalid.value", "division.id", "names no division");
    }
    members.finish()?;
    let taken = store
        .rows(Kind::Queue)
        .any(|(_, other)| other["name"].as_str() == name && other["id"].as_str() != own);
    if taken {
        return Err(ApiError::conflict(
            "general.conflict",
            "A queue with this name exists already.",
        ));
    }
    Ok(())
}
